// What distinguishes the series of a fleet: the sets of labels that queries group and join by, legends, and links.
import { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { DashboardLink, DashboardLinkBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

// The labels that have a variable. Targets may lack cluster and namespace, and series of an unnamed database lack database:
// a missing label and an empty one are the same in PromQL.
const target = ['cluster', 'namespace', 'job', 'instance'];
export const optional = ['cluster', 'namespace', 'database'];

export const instanceLabels = target.join(', ');
// Each database of an instance has a route of its own.
export const routeLabels = `${instanceLabels}, database`;
export const poolLabels = `${routeLabels}, pool`;
// What remains if instances are added up.
export const serviceLabels = 'cluster, namespace, job, database';

export const perInstance = `by (${instanceLabels})`;
export const perRoute = `by (${routeLabels})`;
export const perPool = `by (${poolLabels})`;
export const perPoolOfService = `by (${serviceLabels}, pool)`;

// A hidden variable: those of the legend's labels job, namespace and cluster that have more than one value among the chosen
// instances, such as `{{job}} {{cluster}}`. With one job in one cluster it is empty, and the legends are short.
export const where = 'where';
const elsewhere = `{{database}} $${where}`;

export const ofInstance = `{{instance}} $${where}`;
export const ofRoute = `{{instance}} ${elsewhere}`;
export const ofPool = `{{pool}} {{instance}} ${elsewhere}`;
// Begins with what the line shows.
export const ofService = (what: string): string => `${what} ${elsewhere}`;

// At most one of the two labels is there.
export const ofDatabase = `{{database}}{{dbname}} $${where}`;

export const poolDetail = 'Pool detail';

// The URL of Pool detail for the values of these labels. An empty value selects the series without the label.
export function detailUrl(labels: string, valueOf: (label: string) => string): string {
  const variables = labels.split(', ').map((label) => `var-${label}=${valueOf(label)}`);
  return `/d/scidex-pg-pool-detail?${['${datasource:queryparam}', ...variables, '${__url_time_range}'].join('&')}`;
}

// From a line to Pool detail, with the labels of the line.
export function linksToDetail(labels: string): Builder<DashboardLink>[] {
  const url = detailUrl(labels, (label) => `\${__field.labels.${label}}`);
  return [new DashboardLinkBuilder(poolDetail).url(url)];
}

// From a row of a table to Pool detail: from the columns that are named like the labels, with a capital.
export function rowLinksToDetail(labels: string): { title: string; url: string }[] {
  const column = (label: string) => label.charAt(0).toUpperCase() + label.slice(1);
  return [{ title: poolDetail, url: detailUrl(labels, (label) => `\${__data.fields.${column(label)}}`) }];
}
