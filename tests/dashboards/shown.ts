// The displayed text of a value and its colour, by Grafana's own code.
import { createTheme, type FieldConfig, FieldType, getDisplayProcessor } from '@grafana/data';

export const theme = createTheme();

export function shown(config: FieldConfig, value: unknown): { text: string; color?: string } {
  const field = { name: 'value', type: FieldType.number, values: [], config };
  const { prefix = '', text, suffix = '', color } = getDisplayProcessor({ field, theme })(value);
  return { text: `${prefix}${text}${suffix}`, color };
}

// If a panel sets nothing else, Grafana colours a number by thresholds.
export function byThresholds(config: FieldConfig): FieldConfig {
  return { ...config, color: config.color ?? ({ mode: 'thresholds' } as FieldConfig['color']) };
}
