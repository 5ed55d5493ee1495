// Whether read-only traffic really is: what proves it, what tried to write, what enforces it.
import { AxisPlacement, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { Dashboard, MappingType, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';

import { dashboard, withPanels } from './dashboard';
import { describe, graph, legend, number, Panel, steps } from './panels';
import { lines, now, rate, select, selectPools } from './query';
import { noData } from './route';

const quiet = { value: null, color: 'text' } as const;

function values(texts: Record<string, { text: string; color: string }>): ValueMapping[] {
  return [
    {
      type: MappingType.ValueToText,
      options: Object.fromEntries(
        Object.entries(texts).map(([value, shown], index) => [value, { ...shown, index }]),
      ),
    },
    noData('no data', Object.keys(texts).length),
  ];
}

// How many there were in the chosen time range.
function counted(title: string, metric: string, color: string, description: string): stat.PanelBuilder {
  return number(
    { title, description, unit: 'none', width: 4, height: 4 },
    steps(quiet, { value: 0.5, color }),
  )
    .decimals(0)
    .withTarget(now(`sum(increase(${selectPools(metric)}[$__range]))`));
}

function states(
  panel: Pick<Panel, 'title' | 'description'>,
  mappings: ValueMapping[],
  expr: string,
  name = '{{pool}} {{instance}}',
): statetimeline.PanelBuilder {
  return describe(new statetimeline.PanelBuilder(), { ...panel, unit: 'none', width: 12, height: 7 })
    .mappings(mappings)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .lineWidth(0)
    .fillOpacity(80)
    .axisPlacement(AxisPlacement.Auto)
    .legend(legend)
    .noValue('no data')
    .withTarget(lines(expr, name));
}

const numbers = [
  counted(
    'Violations',
    'scidex_pg_pool_read_only_violations_total',
    'orange',
    'Writes that were tried through a read lease, and refused by the server. A rise means that ' +
      'somebody writes through the wrong pool: nothing was written, and each was an error to its caller.',
  ),
  counted(
    'Tampering',
    'scidex_pg_pool_read_only_tampered_total',
    'red',
    'Leases whose borrower lifted read-only, or committed a transaction of its own. A rise means that ' +
      'it could have written; the log names it.',
  ),
  counted(
    'Writes that succeeded',
    'scidex_pg_pool_read_only_writes_total',
    'red',
    'Statements that wrote through a read lease, because its borrower had switched read-only off. ' +
      'A rise means that what they wrote is in the database; the log names the borrower.',
  ),
  counted(
    'Sessions refused',
    'scidex_pg_pool_read_only_unproven_total',
    'orange',
    'Sessions that could not be shown to be read-only and were not handed out. A rise most often ' +
      'means that a pooler was put in front of the server.',
  ),
  number(
    {
      title: 'Canary',
      description:
        'Whether the latest write that was tried through a read lease of each pool was refused, as ' +
        'it must be. Red: one was not, and reads have to be taken for able to write.',
      unit: 'none',
      width: 8,
      height: 4,
    },
    steps(quiet),
  )
    .mappings(
      values({
        1: { text: 'refused, as it must be', color: 'green' },
        0: { text: 'not refused', color: 'red' },
      }),
    )
    .withTarget(now(`min(${selectPools('scidex_pg_pool_read_only_canary_success')})`)),
];

const graphs = [
  graph({
    title: 'Proofs',
    description:
      'Read leases per second by how their session was shown to be read-only: reported costs ' +
      'nothing, set a round trip. A rise of transaction means that a pooler was put in between.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(`sum by (how) (${rate(selectPools('scidex_pg_pool_read_only_proofs_total'))})`, '{{how}}'),
  ),
  graph({
    title: 'Read leases by route',
    description:
      'Read leases per second by the route that served them. A rise of primary_fallthrough is ' +
      'load on the server that takes the writes.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(`sum by (route) (${rate(select('scidex_pg_pool_ro_acquires_total'))})`, '{{route}}'),
  ),
  graph({
    title: 'Violations by pool',
    description:
      'Writes per second that were refused. A single rise is a mistake that somebody made once, a ' +
      'steady one is a caller that uses the wrong pool.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum by (job, instance, pool) (${rate(
        selectPools('scidex_pg_pool_read_only_violations_total'),
      )})`,
      '{{pool}} {{instance}}',
    ),
  ),
  graph({
    title: 'Tampering by pool',
    description:
      'Leases per second whose borrower lifted read-only, or could have. A rise means that it could ' +
      'have written, if the server was the primary.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum by (job, instance, pool) (${rate(
        selectPools('scidex_pg_pool_read_only_tampered_total'),
      )})`,
      '{{pool}} {{instance}}',
    ),
  ),
];

const timelines = [
  states(
    {
      title: 'What enforces read-only',
      description:
        'Session: a setting that the pool proves on each acquire. Transaction: behind a pooler, ' +
        'where a borrower can end the transaction that it was lent. A rise to it is a weaker guarantee.',
    },
    values({
      0: { text: 'nothing', color: 'text' },
      1: { text: 'session', color: 'green' },
      2: { text: 'transaction', color: 'orange' },
    }),
    `max by (job, instance, pool) (${selectPools('scidex_pg_pool_read_only_enforcement', 'mode="session"')})` +
      ` + 2 * max by (job, instance, pool) (${selectPools(
        'scidex_pg_pool_read_only_enforcement',
        'mode="transaction"',
      )})`,
  ),
  states(
    {
      title: 'Behind a pooler',
      description:
        'Whether a pooler was between here and the server of each pool when it last answered. A rise ' +
        'means that somebody has put one there: read-only is then enforced by transaction.',
    },
    values({
      0: { text: 'direct', color: 'green' },
      1: { text: 'behind a pooler', color: 'orange' },
    }),
    selectPools('scidex_pg_pool_backend_behind_pooler'),
  ),
  states(
    {
      title: 'Primary',
      description:
        'Whether the primary takes writes. A fall to refuses writes means that it is in recovery, or ' +
        'that default_transaction_read_only was switched on, as providers do when a disk is full.',
    },
    values({
      1: { text: 'takes writes', color: 'green' },
      0: { text: 'refuses writes', color: 'red' },
    }),
    select('scidex_pg_pool_primary_writable'),
    '{{instance}}',
  ),
  states(
    {
      title: 'Replica',
      description:
        'Whether the data of the replica is as new as max_lag asks. A rise to diverged means that it ' +
        'has rows that the primary never had, and has to be rebuilt.',
    },
    values({
      0: { text: 'within max_lag', color: 'green' },
      1: { text: 'stale', color: 'orange' },
      2: { text: 'diverged', color: 'red' },
    }),
    `${select('scidex_pg_pool_replica_stale')} + on (job, instance) 2 * ${select(
      'scidex_pg_pool_ro_route_reason',
      'reason="diverged"',
    )}`,
    '{{instance}}',
  ),
];

export function readOnly(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-read-only',
      'PostgreSQL pools / Read-only',
      'Whether read-only traffic really is: what proves it, what tried to write, what enforces it.',
    ),
    [...numbers, ...graphs, ...timelines],
  );
}
