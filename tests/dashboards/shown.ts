// What is read of a value, and in which colour, by Grafana's own code.
import { createTheme, type FieldConfig, FieldType, getDisplayProcessor } from '@grafana/data';

export const theme = createTheme();

export function shown(config: FieldConfig, value: unknown): { text: string; color?: string } {
  const field = { name: 'value', type: FieldType.number, values: [], config };
  const { prefix = '', text, suffix = '', color } = getDisplayProcessor({ field, theme })(value);
  return { text: `${prefix}${text}${suffix}`, color };
}

// A colour by thresholds is what Grafana has for a number where its panel says nothing.
export function byThresholds(config: FieldConfig): FieldConfig {
  return { ...config, color: config.color ?? ({ mode: 'thresholds' } as FieldConfig['color']) };
}
