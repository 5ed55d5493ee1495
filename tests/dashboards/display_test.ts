// Grafana's own code shows numbers as the dashboards intend: units, value mappings, thresholds, tables.
import './browser.js';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type DataFrame, type FieldConfig, getFieldDisplayValuesProxy, getValueFormats } from '@grafana/data';

import { load, settings } from './dashboards.js';
import type { Panel } from './dashboard_shape.js';
import { byThresholds, shown, theme } from './shown.js';
import { headersOf, type Row, transformed } from './transformations.js';

function panelNamed(dashboard: string, title: string): Panel {
  const panels = load().find(({ name }) => name === dashboard)?.dashboard.panels ?? [];
  // If two panels have the same title, the one of this type.
  const panel = panels.find((one) => one.title === title || `${one.title} (${one.type})` === title);
  assert.ok(panel, `${dashboard} has no panel ${title}`);
  return panel;
}

function shownIn(panel: Panel, value: unknown): { text: string; color?: string } {
  return shown(byThresholds(panel.fieldConfig.defaults as FieldConfig), value);
}

const color = (name: string) => theme.visualization.getColorByName(name);

test('every unit is one that Grafana knows', () => {
  const known = new Set(getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value)));
  for (const { name, dashboard } of load()) {
    for (const panel of dashboard.panels) {
      for (const unit of settings<string>(panel, 'unit')) {
        assert.ok(known.has(unit), `${name}, ${panel.title}: ${unit}`);
      }
    }
  }
  assert.ok(!known.has('clients'));
});

test('a route has its name and colour, a missing one is no data', () => {
  const panel = panelNamed('overview', 'Read route');
  for (const [value, text, name] of [
    [1, 'replica', 'green'],
    [2, 'primary_fallthrough', 'red'],
    [3, 'primary_disabled', 'purple'],
    [null, 'no data', 'text'],
    [NaN, 'no data', 'text'],
  ]) {
    assert.deepEqual(shownIn(panel, value), { text, color: color(String(name)) });
  }
  assert.equal(shownIn(panel, 4).text, '4');
});

test('what has happened is coloured, what has not is plain', () => {
  for (const [dashboard, title, calm, wrong, name] of [
    ['overview', 'Reads on the primary', 0, 1, 'red'],
    ['overview', 'Reads refused', 0, 2, 'purple'],
    ['overview', 'Waiters', 0, 1, 'orange'],
    ['overview', 'Acquire wait, p99', 0.05, 2, 'red'],
    ['overview', 'Time in fall-through', 0, 0.5, 'red'],
    ['read-only', 'Violations', 0, 1, 'orange'],
    ['read-only', 'Tampering', 0, 1, 'red'],
    ['exporter', 'Restarts', 0, 3, 'orange'],
  ] as const) {
    const panel = panelNamed(dashboard, title);
    assert.equal(shownIn(panel, calm).color, color('text'), title);
    assert.equal(shownIn(panel, wrong).color, color(name), title);
    assert.equal(shownIn(panel, null).text, title.startsWith('Acquire wait,') ? 'no acquires' : 'no data', title);
  }
});

test('a down instance and a failed canary are visible', () => {
  const scraped = panelNamed('overview', 'Instances (stat)');
  assert.deepEqual([0.998, 1].map((value) => shownIn(scraped, value).color), [color('red'), color('green')]);
  const missing = panelNamed('exporter', 'Instances down');
  assert.deepEqual([0, 1].map((value) => shownIn(missing, value).color), [color('green'), color('red')]);
  const replica = panelNamed('read-only', 'Replica');
  assert.deepEqual(shownIn(replica, 3), { text: 'does not answer', color: color('purple') });
  const canary = panelNamed('read-only', 'Canary');
  assert.deepEqual(shownIn(canary, 0), { text: 'not refused', color: color('red') });
  assert.deepEqual(shownIn(canary, 1), { text: 'refused, as expected', color: color('green') });
});

test('seconds, shares and rates are read without counting digits', () => {
  for (const [dashboard, title, value, text] of [
    ['overview', 'Acquire wait, p99', 0.0123, '12.3 ms'],
    ['overview', 'Time in fall-through', 0.0567, '5.7%'],
    ['detail', 'Oldest lease', 5400, '1.50 hours'],
    ['detail', 'Acquires by outcome', 1234, '1.23K ops/s'],
    ['exporter', 'Memory', 25165824, '24 MiB'],
    ['exporter', 'Age of the latest probe', 1, '1 s'],
  ] as const) {
    assert.equal(shownIn(panelNamed(dashboard, title), value).text, text, title);
  }
});

// A table as displayed: its headers, and the first row.
async function drawn(panel: Panel, more: Record<string, Record<string, string>>): Promise<Map<string, unknown>> {
  const which = { job: 'pools', instance: 'db1:19187' };
  const answers = Object.fromEntries(
    panel.targets.map(({ refId = '' }, index) => [refId, [{ labels: { ...which, ...more[refId] }, value: index + 1 }]]),
  );
  const [table, ...others] = await transformed(panel, answers);
  assert.deepEqual(others, []);
  assert.equal(table.length, 1);
  const headers = headersOf(table);
  return new Map(table.fields.map((field, index) => [headers[index], field.values[0]]));
}

function linksOf(panel: Panel, header: string): { url: string }[] {
  const override = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === header);
  return override?.properties.find(({ id }) => id === 'links')?.value as { url: string }[];
}

// The URL of a link in a row. A field that the table does not have leaves nothing.
function followed(url: string, table: DataFrame, rowIndex: number): string {
  const named = { ...table, fields: table.fields.map((field, index) => ({ ...field, name: headersOf(table)[index] })) };
  const fields = getFieldDisplayValuesProxy({ frame: named, rowIndex }) as Record<string, unknown>;
  return url.replace(/\$\{__data\.fields\.(\w+)\}/g, (_, name: string) => String(fields[name] ?? ''));
}

function overridden(panel: Panel): unknown[] {
  return panel.fieldConfig.overrides.map(({ matcher }) => matcher.options);
}

test('the table of instances has a row for each, columns in order', async () => {
  const panel = panelNamed('overview', 'Instances (table)');
  const table = await drawn(panel, { reason: { reason: 'ok' }, version: { version: '0.1.0' } });
  assert.deepEqual(
    [...table],
    [
      ['Instance', 'db1:19187'],
      ['Job', 'pools'],
      ['Route', 1],
      ['Reason', 'ok'],
      ['Route changed', 3],
      ['Waiters', 4],
      ['In use', 5],
      ['Connections', 6],
      ['Version', '0.1.0'],
    ],
  );
  for (const header of overridden(panel)) assert.ok(table.has(String(header)), String(header));
});

test('the table of builds has a row for each, columns in order', async () => {
  const panel = panelNamed('exporter', 'Builds and configurations');
  const table = await drawn(panel, { build: { version: '0.1.0', revision: 'abc', compiler: 'gcc' } });
  assert.deepEqual(
    [...table.keys()],
    ['Instance', 'Job', 'Version', 'Revision', 'Compiler', 'Started', 'Configuration loaded', 'Configuration'],
  );
  for (const header of overridden(panel)) assert.ok(table.has(String(header)), String(header));
});

test('the table of servers has a row for each pool', async () => {
  const panel = panelNamed('detail', 'Servers');
  const server = { pool: 'ro', host: 'db2', port: '5432', dbname: 'shop' };
  const table = await drawn(panel, { server, up: { pool: 'ro' }, recovery: { pool: 'ro' } });
  assert.deepEqual(
    [...table],
    [
      ['Pool', 'ro'],
      ['Host', 'db2'],
      ['Port', '5432'],
      ['dbname', 'shop'],
      ['Answers', 2],
      ['In recovery', 3],
      ['Instance', 'db1:19187'],
      ['Job', 'pools'],
    ],
  );
  for (const header of overridden(panel)) assert.ok(table.has(String(header)), String(header));
});

// Instances that only the cluster distinguishes, one of them with two databases, one not scraped.
const databases: Record<string, string>[] = [
  { cluster: 'west' },
  { cluster: 'east', database: 'shop' },
  { cluster: 'east', database: 'audit' },
  { cluster: 'north', database: 'shop' },
];
const fleet = databases.map((labels): Record<string, string> => ({ job: 'pools', instance: 'db1:19187', ...labels }));

async function fleetTable(panel: Panel, more: Record<string, Record<string, string>>): Promise<DataFrame> {
  const answers = panel.targets.map(({ refId = '' }): [string, Row[]] => [
    refId,
    fleet.flatMap((labels, index) =>
      labels.cluster === 'north' && refId !== 'route' ? [] : [{ labels: { ...labels, ...more[refId] }, value: index + 1 }],
    ),
  ]);
  const [table] = await transformed(panel, Object.fromEntries(answers));
  return table;
}

test('a table has one row for each database of each instance', async () => {
  const panel = panelNamed('overview', 'Instances (table)');
  const table = await fleetTable(panel, { reason: { reason: 'ok' }, version: { version: '0.1.0' } });
  const column = (header: string) => table.fields[headersOf(table).indexOf(header)].values as unknown[];
  assert.deepEqual(column('Cluster'), ['west', 'east', 'east', 'north']);
  assert.deepEqual(column('Database'), ['', 'shop', 'audit', 'shop']);
  assert.deepEqual(column('Route'), [1, 2, 3, 4]);
  assert.deepEqual(column('Waiters').slice(0, 3), [1, 2, 3]);
  assert.deepEqual(column('Version').slice(0, 3), ['0.1.0', '0.1.0', '0.1.0']);
});

test('a row links to its detail by all that distinguishes it', async () => {
  const links = { reason: { reason: 'ok' }, version: { version: '0.1.0' } };
  const panel = panelNamed('overview', 'Instances (table)');
  const [link] = linksOf(panel, 'Instance');
  const url = followed(link.url, await fleetTable(panel, links), 2);
  assert.equal(
    url,
    '/d/scidex-pg-pool-detail?${datasource:queryparam}&var-cluster=east&var-namespace=&var-job=pools' +
      '&var-instance=db1:19187&var-database=audit&${__url_time_range}',
  );
  assert.match(linksOf(panelNamed('detail', 'Servers'), 'Pool')[0].url, /&var-database=[^&]+&var-pool=\$/);
  assert.match(linksOf(panelNamed('exporter', 'Builds and configurations'), 'Instance')[0].url, /&var-instance=\$/);
});

test('an instance not scraped sorts first', () => {
  const panel = panelNamed('overview', 'Instances (table)');
  assert.deepEqual((panel.options as { sortBy: unknown }).sortBy, [{ displayName: 'Route', desc: true }]);
  const properties = (header: string) =>
    panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === header)?.properties ?? [];
  const mappings = properties('Route').find(({ id }) => id === 'mappings')?.value;
  assert.deepEqual(shown({ mappings } as FieldConfig, 4), { text: 'not scraped', color: color('red') });
});

test('a route shows when it changed, or that it never did', () => {
  const override = panelNamed('overview', 'Instances (table)').fieldConfig.overrides.find(
    ({ matcher }) => matcher.options === 'Route changed',
  );
  const config = Object.fromEntries((override?.properties ?? []).map(({ id, value }) => [id, value])) as FieldConfig;
  assert.equal(shown(config, 0).text, 'never');
  assert.equal(shown(config, Date.now() - 3 * 3600 * 1000).text, '3 hours ago');
});
