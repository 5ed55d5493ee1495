// Whether read-only traffic really is: what proves it, what tried to write, what enforces it.
import { AxisPlacement, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { Dashboard, MappingType, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';

import { dashboard, withPanels } from './dashboard';
import { ofPool, ofRoute, perPool, perRoute, poolLabels, routeLabels } from './labels';
import { describe, graph, legend, number, Panel, steps } from './panels';
import {
  counted,
  known,
  least,
  lines,
  most,
  now,
  ofWorst,
  rate,
  select,
  selectPools,
  unlessDown,
} from './query';
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
function total(title: string, metric: string, color: string, description: string): stat.PanelBuilder {
  return number(
    { title, description, unit: 'none', width: 4, height: 4 },
    steps(quiet, { value: 0.5, color }),
  )
    .decimals(0)
    .withTarget(now(counted(selectPools(metric))));
}

function states(
  panel: Pick<Panel, 'title' | 'description'>,
  mappings: ValueMapping[],
  expr: string,
  name = ofPool,
): statetimeline.PanelBuilder {
  const description = `${panel.description} Of more than 20 rows, shows the worst.`;
  return describe(new statetimeline.PanelBuilder(), {
    ...panel,
    description,
    unit: 'none',
    width: 12,
    height: 7,
  })
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
  total(
    'Violations',
    'scidex_pg_pool_read_only_violations_total',
    'orange',
    'Writes through a read lease that the server refused. Normally 0. A rise means that a ' +
      'caller uses the wrong pool: it got an error, nothing was written, and the log has the ' +
      'call site.',
  ),
  total(
    'Tampering',
    'scidex_pg_pool_read_only_tampered_total',
    'red',
    'Read leases whose borrower switched read-only off, or could have done so and written. ' +
      'Normally 0. After any rise, find the borrower in the log.',
  ),
  total(
    'Successful writes',
    'scidex_pg_pool_read_only_writes_total',
    'red',
    'Write statements that succeeded through a read lease, because its borrower had switched ' +
      'read-only off or because read-only does not prevent them, such as VACUUM. Normally 0. ' +
      'After any rise, find the borrower in the log and check the data.',
  ),
  total(
    'Refused sessions',
    'scidex_pg_pool_read_only_unproven_total',
    'orange',
    'Sessions refused because they could not be verified to be read-only. Normally 0. A ' +
      'rise often means that a pooler is in front of the server.',
  ),
  number(
    {
      title: 'Canary',
      description:
        'Whether all attempts of the exporter to write through a read lease, in the chosen time ' +
        'range, were refused as read-only. Red: at least one was not refused; assume that reads ' +
        'of its pool can write. The log names the pool.',
      unit: 'none',
      width: 8,
      height: 4,
    },
    steps(quiet),
  )
    .mappings(
      values({
        1: { text: 'refused, as expected', color: 'green' },
        0: { text: 'not refused', color: 'red' },
      }),
    )
    // The next attempt is on a new session, and is refused even if the cause remains.
    .withTarget(
      now(`min(${known(`min_over_time(${selectPools('scidex_pg_pool_read_only_canary_success')}[$__range])`)})`),
    ),
];

const graphs = [
  graph({
    title: 'Proofs',
    description:
      'Read leases per second, by how their session was verified to be read-only. reported costs ' +
      'no round trip, set costs one. A rise of transaction means that a pooler is in front of ' +
      'the server.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(`sum by (how) (${rate(selectPools('scidex_pg_pool_read_only_proofs_total'))})`, '{{how}}'),
  ),
  graph({
    title: 'Read leases by route',
    description:
      'Read leases per second, by the route that served them. A rise of primary_fallthrough is ' +
      'additional load on the primary.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(`sum by (route) (${rate(select('scidex_pg_pool_ro_acquires_total'))})`, '{{route}}'),
  ),
  graph({
    title: 'Violations by pool',
    description:
      'Writes per second through a read lease that the server refused. Normally 0. A lasting ' +
      'rise means that a caller uses the wrong pool; the log has the call site.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum ${perPool} (${rate(
        selectPools('scidex_pg_pool_read_only_violations_total'),
      )})`,
      ofPool,
    ),
  ),
  graph({
    title: 'Tampering by pool',
    description:
      'Read leases per second whose borrower switched read-only off, or could have done so and ' +
      'written. Normally 0. After any rise, find the borrower in the log.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum ${perPool} (${rate(
        selectPools('scidex_pg_pool_read_only_tampered_total'),
      )})`,
      ofPool,
    ),
  ),
];

const enforcement = (mode: string) =>
  selectPools('scidex_pg_pool_read_only_enforcement', `mode="${mode}"`);
const enforcementRank = `max ${perPool} (${most(enforcement('transaction'))})`;
const pooler = selectPools('scidex_pg_pool_backend_behind_pooler');

// What ranks a route: that its primary did not answer or refused writes, or that its replica was stale or not used.
const primaryUp = selectPools('scidex_pg_pool_backend_up', 'pool="primary"');
const primaryRank =
  `group ${perRoute} (${least(primaryUp)} == 0)` +
  ` or -max ${perRoute} (${least(select('scidex_pg_pool_primary_writable'))})`;
const diverged = select('scidex_pg_pool_ro_route_reason', 'reason="diverged"');
const replicaRank =
  `${most(select('scidex_pg_pool_replica_stale'))} - on (${routeLabels})` +
  ` ${least(select('scidex_pg_pool_ro_route_reason', 'reason="ok"'))}` +
  ` and on (${routeLabels}) ${most(select('scidex_pg_pool_ro_dsn_configured'))} == 1`;

const timelines = [
  states(
    {
      title: 'Read-only enforcement',
      description:
        'What prevents read sessions from writing. session: a setting that is verified on every ' +
        'acquire. transaction: a READ ONLY transaction, behind a pooler, which a borrower can ' +
        'end. A rise to transaction is a weaker guarantee.',
    },
    values({
      0: { text: 'nothing', color: 'text' },
      1: { text: 'session', color: 'green' },
      2: { text: 'transaction', color: 'orange' },
    }),
    `max ${perPool} (${ofWorst(poolLabels, enforcementRank, enforcement('session'))})` +
      ` + on (${poolLabels}) 2 * max ${perPool} (${enforcement('transaction')})`,
  ),
  states(
    {
      title: 'Behind a pooler',
      description:
        'Whether a pooler was in front of the server of each pool when it last answered. After a ' +
        'rise, read-only is enforced by transaction, which is weaker.',
    },
    values({
      0: { text: 'direct', color: 'green' },
      1: { text: 'behind a pooler', color: 'orange' },
    }),
    ofWorst(poolLabels, most(pooler), pooler),
  ),
  states(
    {
      title: 'Primary',
      description:
        'Whether the primary accepts writes. A fall to refuses writes means that it is in ' +
        'recovery, or that default_transaction_read_only is on, as some providers set it when a ' +
        'disk is full; does not answer, that its latest probe failed.',
    },
    values({
      1: { text: 'accepts writes', color: 'green' },
      0: { text: 'refuses writes', color: 'red' },
      2: { text: 'does not answer', color: 'purple' },
    }),
    unlessDown(
      'primary',
      primaryRank,
      2,
      `max ${perRoute} (${ofWorst(routeLabels, primaryRank, select('scidex_pg_pool_primary_writable'))})`,
    ),
    ofRoute,
  ),
  states(
    {
      title: 'Replica',
      description:
        'Whether the replica of each instance that has one is within max_lag. A rise to stale ' +
        'means that its lag has exceeded max_lag; it stays stale until the lag has fallen to half ' +
        'of it. A rise to diverged means that it has WAL that the primary does not have, and must ' +
        'be rebuilt; does not answer means that its latest probe failed and its lag is unknown.',
    },
    values({
      0: { text: 'within max_lag', color: 'green' },
      1: { text: 'stale', color: 'orange' },
      2: { text: 'diverged', color: 'red' },
      3: { text: 'does not answer', color: 'purple' },
    }),
    // A replica that has diverged may be stale too.
    unlessDown(
      'ro',
      replicaRank,
      3,
      `clamp_max(${ofWorst(routeLabels, replicaRank, select('scidex_pg_pool_replica_stale'))}` +
        ` + on (${routeLabels}) 2 * ${diverged}, 2)`,
    ),
    ofRoute,
  ),
];

export function readOnly(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-read-only',
      'PostgreSQL pools / Read-only',
      'Whether read-only traffic is read-only: how it is verified and enforced, and which ' +
      'writes were attempted.',
    ),
    [...numbers, ...graphs, ...timelines],
  );
}
