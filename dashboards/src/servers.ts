// The table of servers: one row for each pool, joined from instant queries on the labels of the pool.
import { TableCellDisplayMode, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import { DynamicConfigValue, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';

import { describe } from './panels';
import { perPool, poolLabels, rowLinksToDetail } from './labels';
import { known, rows, selectPools } from './query';

function truth(yes: string, no: string): DynamicConfigValue[] {
  const options = { 1: { text: 'yes', color: yes, index: 0 }, 0: { text: 'no', color: no, index: 1 } };
  return [
    { id: 'mappings', value: [{ type: MappingType.ValueToText, options }] },
    { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
  ];
}

// A field `Value #x` holds the values of the query x.
const columns: { field: string; header: string; look?: DynamicConfigValue[] }[] = [
  { field: 'pool', header: 'Pool', look: [{ id: 'links', value: rowLinksToDetail(poolLabels) }] },
  { field: 'database', header: 'Database' },
  { field: 'host', header: 'Host' },
  { field: 'port', header: 'Port' },
  { field: 'dbname', header: 'dbname' },
  { field: 'Value #up', header: 'Answers', look: truth('green', 'red') },
  { field: 'Value #recovery', header: 'In recovery', look: truth('text', 'text') },
  { field: 'instance', header: 'Instance' },
  { field: 'job', header: 'Job' },
  { field: 'namespace', header: 'Namespace' },
  { field: 'cluster', header: 'Cluster' },
];

export function serverTable(): table.PanelBuilder {
  const panel = describe(new table.PanelBuilder(), {
    title: 'Servers',
    description:
      'Server of each pool, those that do not answer first. With several hosts in a DSN, the one ' +
      'in use; with a pooler, the pooler. A rise in the number of servers that do not answer is ' +
      'an outage.',
    unit: 'none',
    width: 24,
    height: 7,
  })
    .filterable(true)
    .noValue('-')
    .sortBy([new TableSortByFieldStateBuilder().displayName('Answers').desc(false)])
    .withTarget(
      rows(
        'server',
        `max by (${poolLabels}, host, port, dbname) (${known(selectPools('scidex_pg_pool_server_info'))})`,
      ),
    )
    .withTarget(
      rows(
        'up',
        `max ${perPool} (${known(selectPools('scidex_pg_pool_backend_up'))}` +
          ` and on (${poolLabels}) ${selectPools('scidex_pg_pool_server_info')})`,
      ),
    )
    .withTarget(
      rows(
        'recovery',
        `max ${perPool} (${known(selectPools('scidex_pg_pool_backend_in_recovery'))}` +
          ` and on (${poolLabels}) ${selectPools('scidex_pg_pool_server_info')})`,
      ),
    )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, 'Value #server': true },
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, header }) => [field, header])),
      },
    });
  for (const { header, look } of columns) {
    if (look) panel.overrideByName(header, look);
  }
  return panel;
}
