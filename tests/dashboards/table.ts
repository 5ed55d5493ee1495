// A table panel, with its transformations and its order by Grafana's own code.
import {
  type DataFrame,
  type DataTransformerConfig,
  type FieldConfig,
  FieldType,
  getFieldDisplayName,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

import type { Panel } from './dashboard_shape.js';
import { escaped } from './drawing.js';
import { shown } from './shown.js';

standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    imageDark: '',
    imageLight: '',
    editor: () => null,
  })),
);

type Row = { metric: Record<string, string>; value?: [number, string] };

// What Prometheus answers to a query for a table: the labels and a value named by its query, one row a series.
function frame(refId: string, rows: Row[]): DataFrame {
  const labels = Object.keys(rows[0]?.metric ?? {});
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map(() => 0) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: rows.map(({ metric }) => metric[label]) })),
      { name: `Value #${refId}`, type: FieldType.number, values: rows.map(({ value }) => Number(value?.[1])) },
    ],
  });
}

export async function tableHtml(
  panel: Panel,
  answers: Record<string, Row[]>,
  configOf: (name: string) => FieldConfig,
): Promise<string> {
  const frames = panel.targets.map(({ refId = '' }) => frame(refId, answers[refId] ?? []));
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[];
  const [table] = await lastValueFrom(transformDataFrame(transformations, frames));
  const headers = table.fields.map((field) => getFieldDisplayName(field, table));
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
