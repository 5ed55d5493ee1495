// A table panel, with its transformations and sort order applied by Grafana's own code.
import { type FieldConfig, FieldType } from '@grafana/data';

import type { Panel } from './dashboard_shape.js';
import { escaped } from './drawing.js';
import { shown } from './shown.js';
import { headersOf, transformed } from './transformations.js';

type Answer = { metric: Record<string, string>; value?: [number, string] };

export async function tableHtml(
  panel: Panel,
  answers: Record<string, Answer[]>,
  configOf: (name: string) => FieldConfig,
): Promise<string> {
  const rowsOf = (answer: Answer[]) =>
    answer.map(({ metric, value }) => ({ labels: metric, value: Number(value?.[1]) }));
  const rowsByQuery = Object.fromEntries(Object.entries(answers).map(([refId, answer]) => [refId, rowsOf(answer)]));
  const [table] = await transformed(panel, rowsByQuery);
  const headers = headersOf(table);
  const order = [...Array(table.length).keys()];
  const [by] = (panel.options as { sortBy?: { displayName: string; desc?: boolean }[] }).sortBy ?? [];
  const sorted = table.fields[headers.indexOf(by?.displayName ?? '')];
  if (sorted) order.sort((a, b) => (Number(sorted.values[a]) - Number(sorted.values[b])) * (by?.desc ? -1 : 1));
  const cell = (index: number, row: number): string => {
    const field = table.fields[index];
    const value: unknown = field.values[row];
    if (value === undefined || value === null) return '<td>-</td>';
    if (field.type !== FieldType.number) return `<td>${escaped(String(value))}</td>`;
    const config = configOf(headers[index]);
    const { text, color } = shown(config, value);
    const look = 'custom.cellOptions' in config ? `color:${color}` : '';
    return `<td style="${look}">${escaped(text)}</td>`;
  };
  const rows = order.map((row) => `<tr>${table.fields.map((_, index) => cell(index, row)).join('')}</tr>`);
  return `<table><tr>${headers.map((header) => `<th>${escaped(header)}</th>`).join('')}</tr>${rows.join('')}</table>`;
}
