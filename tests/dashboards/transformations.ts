// The result of a table's transformations, applied to query results by Grafana's own code.
import {
  type DataFrame,
  type DataTransformerConfig,
  FieldType,
  getFieldDisplayName,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

import type { Panel } from './dashboard_shape.js';

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

export type Row = { labels: Record<string, string>; value: number };

// Prometheus's response to a query for a table: the labels and a value named after its query, one row per series. Grafana makes
// a missing label empty where another series of the response has it.
function frame(refId: string, rows: Row[]): DataFrame {
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))];
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map(() => 0) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: rows.map((row) => row.labels[label] ?? '') })),
      { name: `Value #${refId}`, type: FieldType.number, values: rows.map(({ value }) => value) },
    ],
  });
}

// By the refIds of its queries.
export async function transformed(panel: Panel, answers: Record<string, Row[]>): Promise<DataFrame[]> {
  const frames = panel.targets.map(({ refId = '' }) => frame(refId, answers[refId] ?? []));
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[];
  return lastValueFrom(transformDataFrame(transformations, frames));
}

export function headersOf(table: DataFrame): string[] {
  return table.fields.map((field) => getFieldDisplayName(field, table));
}
