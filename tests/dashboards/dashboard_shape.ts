// The shape of our dashboards, in the types of Grafana's SDK. The SDK uses `any` where a panel's options depend on its
// type, and has methods that only its builders need; here each type of panel has its own options.
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export type Target = Omit<prometheus.Dataquery, '_implementsDataqueryVariant'>;

export interface FieldConfigOf<Custom> {
  defaults: Omit<dashboard.FieldConfig, 'custom'> & { custom?: Custom };
  overrides: dashboard.FieldConfigSource['overrides'];
}

export type PanelOf<Type extends string, Options, Custom> = Omit<
  dashboard.Panel,
  'type' | 'targets' | 'options' | 'fieldConfig'
> & {
  type: Type;
  targets: Target[];
  options: Options;
  fieldConfig: FieldConfigOf<Custom>;
};

export type Panel =
  | PanelOf<'stat', stat.Options, Record<string, never>>
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | PanelOf<'state-timeline', statetimeline.Options, statetimeline.FieldConfig>
  | PanelOf<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | PanelOf<'table', Partial<table.Options>, table.FieldConfig>;

export type Dashboard = Omit<dashboard.Dashboard, 'panels'> & { panels: Panel[] };
