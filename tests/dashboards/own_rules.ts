// This project's own rules for its dashboards, in addition to Grafana's linter.
import { hidden, labelValues, queryResult, queryVariables, settings, variables } from './dashboards.js';
import type { Panel } from './dashboard_shape.js';
import { selectors, windows } from './promql.js';
import {
  counter,
  narrowedBy,
  panelRule,
  type Rule,
  selectorRule,
  targetRule,
  understood,
  usesTheVariable,
  variableRule,
} from './rule.js';

const columns = 24;
const tag = 'scidex-pg-pool';
const annotations = ['Route changes', 'Restarts', 'Firing alerts', 'Version changes', 'Reloads'];
const names = ['cluster', 'namespace', 'job', 'instance', 'database', 'pool'];
// The labels that not every series has, and those that tell instances and pools apart where more than one is chosen.
const optional = ['cluster', 'namespace', 'database'];
const elsewhere = '{{database}} $where';
// Functions that cover the whole chosen time range, of metrics that are not counters.
const overTheRange = ['changes', 'max_over_time', 'min_over_time', 'present_over_time'];
// By the value of scidex_pg_pool_ro_routes_to.
const routes = new Map([
  ['1', ['replica', 'green']],
  ['2', ['primary_fallthrough', 'red']],
  ['3', ['primary_disabled', 'purple']],
]);

// Metrics of a pool have the label pool; those of the route, the replica and the autoscaler's mode do not.
const ofAPool = /^(?:instance_pool:)?scidex_pg_pool_(?!ro_|replica_|primary_|autoscaler_mode)/;

const ofADatabase = /^(?:instance_pool:)?scidex_pg_(?:pool|query)_/;

// A query groups by none of the labels, or by all of them; then the legend has them. A table has a column for each.
function namesAll(expr: string, legend: string): boolean {
  const grouped = /\bby \(cluster, namespace, job\b/.test(expr);
  if (legend === '') return true;
  if (legend.includes('{{instance}}')) return legend.includes('$where');
  return !grouped || legend.includes(elsewhere) || legend.includes('{{database}}{{dbname}} $where');
}

function linksOf({ fieldConfig: { defaults, overrides } }: Panel): string[] {
  const overridden = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'links'));
  return [defaults.links ?? [], ...overridden.map(({ value }) => value as { url?: string }[])].flat().map(({ url }) => String(url));
}

// Of a link to a detail: those that an instance has, and the time.
function carriesAll(url: string): boolean {
  return [...names.slice(0, 4).map((name) => `&var-${name}=`), '&${__url_time_range}'].every((part) => url.includes(part));
}

// Patterns for a panel's description.
const sentences = /^[A-Z][^]{60,}\.$/;
const meaning = /\brises?\b|\bA fall\b|\bRed:/;

function overlap(one: Panel, other: Panel): boolean {
  const [a, b] = [one.gridPos, other.gridPos];
  if (!a || !b) return true;
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function pairs<T>(all: T[]): [T, T][] {
  return all.flatMap((one, index) => all.slice(index + 1).map((other): [T, T] => [one, other]));
}

function repeated<T>(all: T[]): T[] {
  return all.filter((one, index) => all.indexOf(one) !== index);
}

// Shows the number of a route itself, not the number of instances with it.
function showsRoute(panel: Panel): boolean {
  return panel.targets.some(
    ({ expr }) => expr.includes('scidex_pg_pool_ro_routes_to') && !/bool|routes_to\{[^}]*\} !=/.test(expr),
  );
}

type Mappings = { type: string; options: Record<string, unknown> }[];

function routesIn(mappings: Mappings): boolean {
  const byValue = mappings.find(({ type }) => type === 'value')?.options as
    | Record<string, { text: string; color: string }>
    | undefined;
  const absent = mappings.find(({ type }) => type === 'special')?.options as
    | { match: string; result: { text: string } }
    | undefined;
  return (
    [...routes].every(([value, [text, color]]) => {
      const shown = byValue?.[value];
      return shown?.text === text && shown.color === color;
    }) &&
    // A table of all instances has another mapping: for instances that are not scraped.
    Object.keys(byValue ?? {}).length - (byValue?.['4']?.text === 'not scraped' ? 1 : 0) === routes.size &&
    absent?.match === 'null+nan' &&
    absent.result.text === 'no data'
  );
}

export const ownRules: Rule[] = [
  {
    name: 'has a uid of its own, by its file',
    broken: ({ name, dashboard }) => (dashboard.uid === `${tag}-${name}` ? [] : [String(dashboard.uid)]),
    spoils: [
      ({ dashboard }) => {
        dashboard.uid = tag;
      },
    ],
  },
  {
    name: 'is in the classic model of schema version 42, with nothing to fill in at import',
    broken: ({ dashboard }) => [
      ...(dashboard.schemaVersion === 42 ? [] : [`schema version ${dashboard.schemaVersion}`]),
      ...['__inputs', '__requires', 'id'].filter((key) => key in dashboard),
    ],
    spoils: [
      ({ dashboard }) => {
        dashboard.id = 7;
      },
    ],
  },
  {
    name: 'says what it is for, is found by its tag, and renews itself each half minute',
    broken: ({ dashboard }) =>
      [
        dashboard.title && dashboard.description ? '' : 'no title or description',
        dashboard.tags?.join() === tag ? '' : `tags ${dashboard.tags}`,
        dashboard.refresh === '30s' ? '' : `refresh ${dashboard.refresh}`,
      ].filter(Boolean),
    spoils: [
      ({ dashboard }) => {
        dashboard.refresh = '5s';
      },
    ],
  },
  {
    name: 'links to the others by tag, with variables and time',
    broken: ({ dashboard }) => {
      const [link, ...more] = dashboard.links ?? [];
      const holds = link?.type === 'dashboards' && link.tags.join() === tag && link.includeVars && link.keepTime;
      return holds && more.length === 0 ? [] : ['no such link'];
    },
    spoils: [
      ({ dashboard }) => {
        if (dashboard.links) dashboard.links[0].keepTime = false;
      },
    ],
  },
  {
    name: 'has a variable for the data source and each label that it selects by, of its values on a metric of ours',
    broken: ({ dashboard }) => [
      ...(variables(dashboard).map(({ name }) => name).join() === ['datasource', ...names, 'where'].join() ? [] : ['others']),
      ...queryVariables(dashboard)
        .filter((one) => {
          const asked = labelValues(one.query);
          return !hidden(one) && (asked?.label !== one.name || !asked?.selector.startsWith('scidex_pg_pool_'));
        })
        .map(({ name }) => name),
    ],
    spoils: [
      ({ dashboard }) => {
        queryVariables(dashboard)[2].query = 'label_values(up, pool)';
      },
      ({ dashboard }) => {
        variables(dashboard).push({ ...variables(dashboard)[3], name: 'pod' });
      },
    ],
  },
  {
    name: 'has a hidden variable for legends, which links do not carry along',
    broken: ({ dashboard }) =>
      variables(dashboard)
        .filter((one) => hidden(one) !== (one.name === 'where') || (hidden(one) && !(one.skipUrlSync && queryResult(one.query))))
        .map(({ name }) => name),
    spoils: [
      ({ dashboard }) => {
        variables(dashboard)[1].hide = 2;
      },
      ({ dashboard }) => {
        for (const one of variables(dashboard)) one.skipUrlSync = false;
      },
    ],
  },
  variableRule('has a variable for the cluster, whose All includes targets without one', 'cluster', 'Cluster', '.*'),
  variableRule('has a variable for the namespace, whose All includes targets without one', 'namespace', 'Namespace', '.*'),
  variableRule('has a variable for the database, whose All includes the unnamed one', 'database', 'Database', '.*'),
  variableRule('has a variable for the pool as for job and instance', 'pool', 'Pool'),
  {
    name: 'marks route changes, restarts, firing alerts, new versions and reloads of what is chosen',
    broken: ({ dashboard }) => {
      const list = dashboard.annotations.list ?? [];
      return [
        ...(list.map(({ name }) => name).join() === annotations.join() ? [] : ['others']),
        ...list
          .filter(({ datasource, expr }) => {
            const narrowed = selectors(String(expr)).every(
              (selector) =>
                narrowedBy('job', selector) &&
                // An alert on a whole job has no instance.
                (narrowedBy('instance', selector) || (selector.metric === 'ALERTS' && narrowedBy('instance', selector, true))),
            );
            return !usesTheVariable(datasource) || !narrowed;
          })
          .map(({ name }) => name),
      ];
    },
    spoils: [
      ({ dashboard }) => {
        const list = dashboard.annotations.list ?? [];
        list[1].expr = 'process_start_time_seconds';
      },
    ],
  },
  {
    name: 'numbers its panels, each once',
    broken: ({ dashboard }) => repeated(dashboard.panels.map(({ id }) => id)).map(String),
    spoils: [
      ({ dashboard }) => {
        dashboard.panels[1].id = dashboard.panels[0].id;
      },
    ],
  },
  {
    name: 'has no two panels of one title and type',
    broken: ({ dashboard }) => repeated(dashboard.panels.map(({ title, type }) => `${title} (${type})`)),
    spoils: [
      ({ dashboard }) => {
        const [one] = dashboard.panels;
        const other = dashboard.panels.slice(1).find(({ type }) => type === one.type);
        if (other) other.title = one.title;
      },
    ],
  },
  {
    name: 'has every panel within the grid, and none over another',
    broken: ({ dashboard }) => [
      ...dashboard.panels
        .filter(({ gridPos }) => !gridPos || gridPos.x < 0 || gridPos.x + gridPos.w > columns)
        .map(({ title }) => String(title)),
      ...pairs(dashboard.panels)
        .filter(([one, other]) => overlap(one, other))
        .map(([one, other]) => `${one.title} and ${other.title}`),
    ],
    spoils: [
      ({ dashboard }) => {
        const { gridPos } = dashboard.panels[0];
        if (gridPos) gridPos.h += 1;
      },
    ],
  },
  {
    name: 'fills each row of the grid',
    broken: ({ dashboard }) => {
      const area = dashboard.panels.reduce((sum, { gridPos }) => sum + (gridPos ? gridPos.w * gridPos.h : 0), 0);
      const height = Math.max(...dashboard.panels.map(({ gridPos }) => (gridPos ? gridPos.y + gridPos.h : 0)));
      return area === columns * height ? [] : [`${columns * height - area} cells are empty`];
    },
    spoils: [
      ({ dashboard }) => {
        dashboard.panels.splice(1, 1);
      },
    ],
  },
  panelRule(
    'says of every panel what it shows, and what a rise or a colour of it means',
    ({ description = '' }) => sentences.test(description) && meaning.test(description),
    (panel) => {
      panel.description = 'The number of things that are there at the moment, over all that is chosen.';
    },
  ),
  panelRule(
    'names its targets apart',
    ({ targets }) => repeated(targets.map(({ refId }) => refId)).length === 0,
    ({ targets }) => {
      targets.push(targets[0]);
    },
  ),
  selectorRule(
    'narrows every series to the cluster, namespace and database that are chosen',
    (selector) =>
      optional.every((label) => narrowedBy(label, selector) || (label === 'database' && !ofADatabase.test(selector.metric))),
    (expr) => expr.replaceAll('database=~"$database"', 'database=""').replaceAll('cluster=~"$cluster"', 'cluster=""'),
  ),
  {
    name: 'names lines and links to their detail by every label that distinguishes them',
    broken: ({ dashboard }) =>
      dashboard.panels.flatMap((panel) => [
        ...panel.targets
          .filter(({ expr, legendFormat = '' }) => !namesAll(expr, legendFormat))
          .map(({ expr }) => `${panel.title}: ${expr}`),
        ...linksOf(panel).filter((url) => !carriesAll(url)),
      ]),
    spoils: [
      ({ dashboard }) => {
        for (const { targets } of dashboard.panels) {
          for (const target of targets) target.legendFormat = target.legendFormat?.replace('$where', '');
        }
      },
      ({ dashboard }) => {
        for (const { fieldConfig } of dashboard.panels) {
          fieldConfig.defaults.links?.forEach((link) => (link.url = link.url?.replace('var-cluster', 'var-x')));
        }
      },
    ],
  },
  selectorRule(
    'narrows what is measured of a pool to the pools that are chosen',
    (selector) => !ofAPool.test(selector.metric) || narrowedBy('pool', selector),
    (expr) => expr.replace('pool=~"$pool"', 'pool="ro"'),
    (expr) => expr.includes('$pool'),
  ),
  selectorRule(
    'counts over the rate interval or the chosen time, and looks back at the whole of that',
    ({ metric, range, taker }) => {
      if (range === undefined) return true;
      if (counter.test(metric)) return range === (taker === 'rate' ? '$__rate_interval' : '$__range');
      return overTheRange.includes(String(taker)) && range === '$__range';
    },
    (expr) => expr.replace(/\[\$__\w+\]/, '[$__interval]'),
    (expr) => expr.includes('[$__'),
  ),
  targetRule(
    'has no window but those that Grafana computes',
    ({ expr }) => !understood(expr) || windows(expr).every((window) => window.startsWith('$__')),
    (expr) => `max_over_time((${expr})[1h:])`,
  ),
  panelRule(
    'shows a route by its name and colour, and a missing one as no data',
    (panel) => showsRoute(panel) === settings<Mappings>(panel, 'mappings').some(routesIn),
    (panel) => {
      panel.targets.push({ ...panel.targets[0], expr: 'scidex_pg_pool_ro_routes_to', refId: 'route' });
      panel.fieldConfig.defaults.mappings = [];
      panel.fieldConfig.overrides = [];
    },
  ),
  targetRule(
    'asks for our instances alone where every program has such a metric',
    ({ expr }) => {
      if (!understood(expr)) return true;
      const asked = selectors(expr);
      return (
        !asked.some(({ metric }) => metric === 'up' || metric.startsWith('process_')) ||
        asked.some(({ metric }) => metric === 'scidex_pg_exporter_build_info')
      );
    },
    (expr) => expr.replaceAll('scidex_pg_exporter_build_info', 'up'),
    (expr) => /\bup\{|process_/.test(expr),
  ),
  targetRule(
    'leaves out what node_exporter exposes of itself where it exposes the file of an exporter',
    ({ expr }) => {
      if (!understood(expr)) return true;
      const asked = selectors(expr);
      return (
        !asked.some(({ metric }) => metric === 'up' || metric.startsWith('process_')) ||
        asked.some(({ metric }) => metric === 'node_textfile_scrape_error')
      );
    },
    (expr) => expr.replaceAll('node_textfile_scrape_error', 'up'),
    (expr) => /\bup\{|process_/.test(expr),
  ),
];
