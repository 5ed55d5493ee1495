// PromQL, and the targets that carry it.
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

import { datasource } from './datasource';
import {
  instanceLabels,
  perPoolOfService,
  perRoute,
  poolLabels,
  routeLabels,
  serviceLabels,
} from './labels';

// Metrics of the exporter itself have no label database.
const ofADatabase = /^(instance_pool:)?scidex_pg_(pool|query)_/;

// A selector of what the variables other than pool allow, and of the matchers given.
export function select(metric: string, ...matchers: string[]): string {
  const labels = (ofADatabase.test(metric) ? routeLabels : instanceLabels).split(', ');
  return `${metric}{${[...labels.map((label) => `${label}=~"$${label}"`), ...matchers].join(', ')}}`;
}

// The same for a metric that has the label pool.
export function selectPools(metric: string, ...matchers: string[]): string {
  return select(metric, 'pool=~"$pool"', ...matchers);
}

const sameInstance = `on (${instanceLabels})`;
export const sameRoute = `on (${routeLabels})`;

const build = select('scidex_pg_exporter_build_info');
// Each node_exporter, which may expose the file of an exporter: the series in it have its job and instance.
const nodeExporter = select('node_textfile_scrape_error');

function inRange(selector: string): string {
  return `present_over_time(${selector}[$__range])`;
}

// Of our instances alone, where other programs have a metric of this name too, and node_exporter has it of itself.
export function ours(expr: string): string {
  return `(${expr} and ${sameInstance} ${build} unless ${sameInstance} ${nodeExporter})`;
}

// The same at any time of the chosen range, for instances that may be down now.
export function oursInRange(expr: string): string {
  return `(${expr} and ${sameInstance} ${inRange(build)} unless ${sameInstance} ${inRange(nodeExporter)})`;
}

const started = select('process_start_time_seconds');

// How often instances restarted in the chosen range.
export const restarts = `sum(${oursInRange(`changes(${started}[$__range])`)})`;

// How much a counter rose in the chosen range. increase() lacks what an instance that first started in it had counted before
// its first scrape: its first value, which is the least one unless it restarted in the range too (then this is too little).
// The label keeps both parts of an instance in the union.
export function counted(counter: string): string {
  const isNew = oursInRange(`min_over_time(${started}[$__range]) > time() - $__range_s`);
  const first = `min_over_time(${counter}[$__range]) and ${sameInstance} ${isNew}`;
  return `sum(increase(${counter}[$__range]) or label_replace(${first}, "part", "first", "", ""))`;
}

// An exporter that stops leaves its file, which node_exporter continues to expose. The condition of the alert TextfileStale,
// but not of an instance that is scraped.
const written = select('scidex_pg_exporter_textfile_written_timestamp_seconds');
const oldFile = `timestamp(${written}) - (${written} > 0) > 120 and ${sameInstance} ${nodeExporter}`;

// Without those whose file is old, of which nothing is known now.
export function known(expr: string): string {
  return `(${expr} unless ${sameInstance} (${oldFile}))`;
}

// Instances that have been down for longer than the chosen range have nothing but `up` in it; ExporterDown knows that they are
// ours.
const reportedDown = select(
  'ALERTS',
  'alertname="ScidexPgPoolExporterDown"',
  'alertstate="firing"',
);

// Whether each instance is known now that was ours at any time of the chosen range, or is reported as down. Of one that is down
// nothing but `up` is left; of node_exporter, `up` says nothing about the exporter of the file.
export const scraped =
  `((0 * (${select('up')} and ${sameInstance}` +
  ` (${nodeExporter} unless ${sameInstance} ${known(build)})) or ${select('up')})` +
  ` and ${sameInstance} (${inRange(build)} or ${reportedDown}))`;

// Those of them that have been down for the whole of the chosen range.
export const downInRange = `(${scraped} == 0 unless ${sameInstance} ${inRange(build)})`;

// 1 for each pool whose server does not answer, 0 for each other one that there is.
export const down =
  `((${selectPools('scidex_pg_pool_backend_up')} == bool 0) and on (${poolLabels})` +
  ` ${selectPools('scidex_pg_pool_max_size')} > 0)`;

// The greatest and the least value of a gauge in the chosen range, the same at each moment of it.
export function most(selector: string): string {
  return `max_over_time(${selector}[$__range] @ end())`;
}

export function least(selector: string): string {
  return `min_over_time(${selector}[$__range] @ end())`;
}

// Of the 20 routes or pools, which have these labels, where rank is greatest: a fleet has more rows than a timeline can show.
// Filters the series before others are joined, which costs less.
export function ofWorst(labels: string, rank: string, expr: string): string {
  return `(${expr} and on (${labels}) topk(20, ${rank}))`;
}

// The value for each route whose server in this role does not answer; else that of expr, which needs the labels of the route
// alone. Of the routes where rank is greatest.
export function unlessDown(pool: string, rank: string, value: number, expr: string): string {
  const servers = `${selectPools('scidex_pg_pool_backend_up', `pool="${pool}"`)} == 0`;
  const pools = `${selectPools('scidex_pg_pool_max_size', `pool="${pool}"`)} > 0`;
  const down = `${ofWorst(routeLabels, rank, servers)} and on (${poolLabels}) ${pools}`;
  return `${value} * group ${perRoute} (${down}) or ${expr}`;
}

// The greatest of each moment: a fleet has more lines than a panel can show.
export function greatest(expr: string): string {
  return `topk(20, ${expr})`;
}

export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

// Of a histogram that has the label pool, for each pool of each instance. Recorded by the rules of the alerts: a fleet has too
// many buckets to read at each view.
export function p99(histogram: string): string {
  return selectPools(`instance_pool:${histogram}:p99_rate5m`);
}

// Of a histogram that has the label pool, for each pool, over all instances.
export function meanByPool(histogram: string): string {
  const sum = (part: string) => `sum ${perPoolOfService} (${rate(selectPools(`${histogram}_${part}`))})`;
  return greatest(`${sum('sum')} / ${sum('count')}`);
}

// The same of the 99th percentile, of the instance where it is highest.
export function worstP99(histogram: string): string {
  return greatest(`max ${perPoolOfService} (${p99(histogram)})`);
}

// The name of the database of each route: the label database, or, for an unnamed database, dbname: that of the server of one
// of its pools.
const databaseOfRoute =
  `label_replace(topk ${perRoute} (1, ${selectPools('scidex_pg_pool_server_info')})` +
  ` or ${sameRoute} label_replace(group ${perRoute} (${select('scidex_pg_pool_ro_dsn_configured')}),` +
  ' "dbname", "unknown", "", ""), "dbname", "", "database", ".+")';

// An expression with one value for each route, with the label dbname.
export function withDatabase(expr: string): string {
  return `(${expr}) * ${sameRoute} group_left (dbname) ${databaseOfRoute}`;
}

export const perDatabase = `by (${serviceLabels}, dbname)`;

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
