// The table of instances: one row for each route, joined from instant queries on the labels of the route.
import { TableCellDisplayMode, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import { DynamicConfigValue, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';

import { describe } from './panels';
import { instanceLabels, perRoute, routeLabels, rowLinksToDetail } from './labels';
import { downInRange, known, rows, scraped, select, selectPools } from './query';
import { routeOrDownMappings } from './route';

// The columns, in their order; a field `Value #x` holds the values of the query x.
const columns: { field: string; header: string; look?: DynamicConfigValue[] }[] = [
  {
    field: 'instance',
    header: 'Instance',
    look: [{ id: 'links', value: rowLinksToDetail(routeLabels) }],
  },
  { field: 'database', header: 'Database' },
  { field: 'job', header: 'Job' },
  { field: 'namespace', header: 'Namespace' },
  { field: 'cluster', header: 'Cluster' },
  {
    field: 'Value #route',
    header: 'Route',
    look: [
      { id: 'mappings', value: routeOrDownMappings },
      { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
    ],
  },
  { field: 'reason', header: 'Reason' },
  {
    field: 'Value #changed',
    header: 'Route changed',
    look: [
      { id: 'unit', value: 'dateTimeFromNow' },
      {
        id: 'mappings',
        value: [{ type: MappingType.ValueToText, options: { 0: { text: 'never' } } }],
      },
    ],
  },
  { field: 'Value #waiters', header: 'Waiters' },
  { field: 'Value #in_use', header: 'In use' },
  { field: 'Value #size', header: 'Connections' },
  { field: 'version', header: 'Version' },
];
const routesTo = select('scidex_pg_pool_ro_routes_to');
const hidden = ['Time', 'Value #reason', 'Value #version'];

export function instanceTable(): table.PanelBuilder {
  const panel = describe(new table.PanelBuilder(), {
    title: 'Instances',
    description:
      'All instances, worst route first, with a row for each database, the reason and time of ' +
      'the last change, and the waiters and connections of the chosen pools. A rise of In use ' +
      'without more traffic means that leases are held longer.',
    unit: 'none',
    width: 24,
    height: 7,
  })
    .filterable(true)
    .noValue('-')
    .sortBy([new TableSortByFieldStateBuilder().displayName('Route').desc(true)])
    .withTarget(
      rows(
        'route',
        `max ${perRoute} ${known(routesTo)}` +
          ` or 4 * group ${perRoute} (present_over_time(${routesTo}[$__range])` +
          ` and on (${instanceLabels}) ${scraped} == 0)` +
          ` or 4 * group ${perRoute} ${downInRange}`,
      ),
    )
    .withTarget(
      rows(
        'reason',
        `max by (${routeLabels}, reason) (${known(select('scidex_pg_pool_ro_route_reason'))} == 1)`,
      ),
    )
    .withTarget(
      rows(
        'changed',
        `1000 * max ${perRoute} ${known(
          select('scidex_pg_pool_ro_route_last_transition_timestamp_seconds'),
        )}`,
      ),
    )
    .withTarget(rows('waiters', `sum ${perRoute} ${known(selectPools('scidex_pg_pool_waiters'))}`))
    .withTarget(
      rows(
        'in_use',
        `sum ${perRoute} ${known(selectPools('scidex_pg_pool_connections', 'state="in_use"'))}`,
      ),
    )
    .withTarget(
      rows('size', `sum ${perRoute} ${known(selectPools('scidex_pg_pool_connections'))}`),
    )
    .withTarget(
      rows(
        'version',
        `group ${perRoute} ${known(routesTo)} * on (${instanceLabels}) group_left (version)` +
          ` group by (${instanceLabels}, version) (${select('scidex_pg_exporter_build_info')})`,
      ),
    )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(hidden.map((field) => [field, true])),
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, header }) => [field, header])),
      },
    });
  for (const { header, look } of columns) {
    if (look) panel.overrideByName(header, look);
  }
  return panel;
}
