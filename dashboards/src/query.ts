// PromQL, and the targets that carry it.
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

import { datasource } from './datasource';

// A selector of what the variables job and instance allow, and of the matchers given.
export function select(metric: string, ...matchers: string[]): string {
  return `${metric}{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(', ')}}`;
}

// The same for a metric that has the label pool.
export function selectPools(metric: string, ...matchers: string[]): string {
  return select(metric, 'pool=~"$pool"', ...matchers);
}

// Of our instances alone, where other programs have a metric of this name too.
export function ours(expr: string): string {
  return `(${expr} and on (job, instance) ${select('scidex_pg_exporter_build_info')})`;
}

// Whether each instance is scraped that was ours at any time of the chosen range: of one that is down nothing but `up` is
// left.
export const scraped =
  `(${select('up')} and on (job, instance)` +
  ` present_over_time(${select('scidex_pg_exporter_build_info')}[$__range]))`;

// 1 for each pool whose server does not answer, 0 for each other one that there is.
export const down =
  `((${selectPools('scidex_pg_pool_backend_up')} == bool 0) and on (job, instance, pool)` +
  ` ${selectPools('scidex_pg_pool_max_size')} > 0)`;

// The greatest of each moment: a fleet has more lines than a panel can show.
export function greatest(expr: string): string {
  return `topk(20, ${expr})`;
}

export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

// Of a histogram that has the label pool, for each combination of the labels `by`.
export function quantile(share: number, histogram: string, ...by: string[]): string {
  const buckets = rate(selectPools(`${histogram}_bucket`));
  return `histogram_quantile(${share}, sum by (${[...by, 'le'].join(', ')}) (${buckets}))`;
}

function target(expr: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).refId('A').expr(expr);
}

// Over time, one line per series, named as legend says.
export function lines(expr: string, legend: string, refId = 'A'): DataqueryBuilder {
  return target(expr).refId(refId).legendFormat(legend).range();
}

// Over time, one band per bucket of a histogram.
export function buckets(expr: string): DataqueryBuilder {
  return target(expr).format(PromQueryFormat.Heatmap).legendFormat('{{le}}').range();
}

// The value of now.
export function now(expr: string): DataqueryBuilder {
  return target(expr).instant();
}

// The values of now, one row per series, with a column per label.
export function rows(refId: string, expr: string): DataqueryBuilder {
  return now(expr).refId(refId).format(PromQueryFormat.Table);
}
