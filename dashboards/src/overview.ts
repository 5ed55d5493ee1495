// Where the reads of all instances go, and whether anybody waits for a connection.
import {
  AxisPlacement,
  BigValueTextMode,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common';
import { Dashboard, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';

import { dashboard, withPanels } from './dashboard';
import { instanceTable } from './instances';
import {
  linksToDetail,
  ofDatabase,
  ofPool,
  ofRoute,
  perPool,
  perRoute,
  poolLabels,
  routeLabels,
} from './labels';
import { describe, graph, legend, named, number, steps } from './panels';
import {
  down,
  greatest,
  known,
  lines,
  most,
  now,
  ofWorst,
  p99,
  perDatabase,
  rate,
  scraped,
  select,
  selectPools,
  withDatabase,
} from './query';
import { noData, routeColors, routeMappings } from './route';

const quiet = { value: null, color: 'text' } as const;

const atMostFour = 'Lists the four databases with the most instances.';

// How many instances of each database have this route, `color` where there is any. 0 if there is none.
function instancesAt(
  route: number,
  title: string,
  color: string,
  description: string,
): stat.PanelBuilder {
  const atRoute = `${known(select('scidex_pg_pool_ro_routes_to'))} == bool ${route}`;
  return named(
    { title, description: `${description} ${atMostFour}`, unit: 'none', width: 4, height: 5 },
    steps(quiet, { value: 1, color }),
  ).withTarget(
    now(
      `topk(4, sum ${perDatabase} (${withDatabase(atRoute)}) > 0)` +
        ` or on () (sum(${atRoute}) == 0)`,
    ).legendFormat(ofDatabase),
  );
}

const inFallthrough = 'route="primary_fallthrough"';
const routeSeconds = 'scidex_pg_pool_ro_route_seconds_total';

// The share of time in which reads were served by the primary.
function fallthroughShare(overTime: (selector: string) => string, by = ''): string {
  const share = overTime(select(routeSeconds, inFallthrough));
  return `sum${by}(${share}) / sum${by}(${overTime(select(routeSeconds))})`;
}

const routesTo = select('scidex_pg_pool_ro_routes_to');
const changed = known(select('scidex_pg_pool_ro_route_last_transition_timestamp_seconds'));
const reasonOtherThanOk = select('scidex_pg_pool_ro_route_reason', 'reason!="ok"');
const waitSeconds = 'scidex_pg_pool_acquire_wait_seconds';

const first = [
  instancesAt(
    1,
    'Reads on the replica',
    routeColors.replica,
    'Number of instances whose reads are served by a replica, for each database. Normally all ' +
      'that have one. A rise means that reads have returned to a replica.',
  ),
  instancesAt(
    2,
    'Reads on the primary',
    routeColors.fallthrough,
    'Number of instances whose reads fall through to the primary and add load to it, for each ' +
      'database. Normally 0 if each has a replica. A rise means that a replica was lost, or an ' +
      'instance without one was added; see Route reasons.',
  ),
  instancesAt(
    3,
    'Reads refused',
    routeColors.disabled,
    'Number of instances on which read acquires fail immediately, for each database, because ' +
      'the replica cannot serve and fall-through is forbidden or there is no primary. Normally ' +
      '0. A rise means errors for users; see Route reasons.',
  ),
  named(
    {
      title: 'Route reasons',
      description:
        'The four most frequent reasons for which reads are not on a replica, with the number of ' +
        'instances each; ok if there are none. A rise means that replicas cannot serve reads; ' +
        'the reason says why. The table below names the instances.',
      unit: 'none',
      width: 5,
      height: 5,
    },
    steps({ value: null, color: 'red' }),
  )
    .overrideByRegexp('/^ok/', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'green' } }])
    .withTarget(
      now(
        `topk(4, count by (reason) (${known(reasonOtherThanOk)} == 1))` +
          ` or on () count by (reason) (${known(select('scidex_pg_pool_ro_route_reason', 'reason="ok"'))} == 1)`,
      ).legendFormat('{{reason}}'),
    ),
  named(
    {
      title: 'Route since',
      description:
        'The earliest route change among the instances of each database whose reads are not on ' +
        'a replica, for the four databases where it is latest; if there are none, the latest ' +
        'route change of all. A fall to seconds means that a route has just changed.',
      unit: 'dateTimeFromNow',
      width: 4,
      height: 5,
    },
    steps(quiet),
  )
    .mappings([
      { type: MappingType.ValueToText, options: { 0: { text: 'never changed', index: 0 } } },
      noData('no data', 1),
    ])
    .withTarget(
      now(
        `1000 * (topk(4, min ${perDatabase} (${withDatabase(`${changed} and on (${routeLabels}) ${routesTo} != 1`)}))` +
          ` or on () max(${changed}))`,
      ).legendFormat(ofDatabase),
    ),
  named(
    {
      title: 'Instances',
      description:
        'Number of instances that are scraped, or whose file for the textfile collector is at ' +
        'most two minutes old, of those seen in the chosen time range and those that ' +
        'ScidexPgPoolExporterDown reports. Red: the state of the pools of at least one is ' +
        'unknown. A rise of the total means that instances were added.',
      unit: 'percentunit',
      width: 3,
      height: 5,
    },
    steps({ value: null, color: 'red' }, { value: 1, color: 'green' }),
  )
    .textMode(BigValueTextMode.Name)
    .withTarget(
      now(
        `count_values("alive", sum(${scraped})) * on () group_left (known) count_values("known", count(${scraped}))` +
          ` * on () group_left () (sum(${scraped}) / count(${scraped}))`,
      ).legendFormat('{{alive}} of {{known}}'),
    ),
];

const numbers = [
  number(
    {
      title: 'Waiters',
      description:
        'Acquires that wait for a connection, in all chosen pools. A lasting rise means that ' +
        'leases are held too long or the pools are too small; see Pool detail.',
      unit: 'none',
      width: 4,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(`sum(${known(selectPools('scidex_pg_pool_waiters'))})`)),
  number(
    {
      title: 'Servers down',
      description:
        'Number of pools whose server did not answer its latest probe, over all instances. ' +
        'Normally 0. After a rise, see the table Servers in Pool detail.',
      unit: 'none',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'red' }),
  ).withTarget(now(`sum(${known(down)})`)),
  number(
    {
      title: 'Failing queries',
      description:
        'Number of configured queries whose latest run failed, over all instances. Normally 0. A ' +
        'rise means that their series are missing or old; Pool detail has the reasons.',
      unit: 'none',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(
    now(
      `sum(${known(select('scidex_pg_query_last_run_timestamp_seconds'))}` +
        ` > bool ${select('scidex_pg_query_last_success_timestamp_seconds')})`,
    ),
  ),
  number(
    {
      title: 'Acquire wait, p99',
      description:
        'The 99th percentile of the time that acquires wait, in the chosen pool where it is ' +
        'highest. A rise slows requests down; see Pool detail. Empty if there are no acquires.',
      unit: 's',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 0.1, color: 'orange' }, { value: 1, color: 'red' }),
  )
    .mappings([noData('no acquires')])
    .withTarget(now(`max(${p99(waitSeconds)})`)),
  number(
    {
      title: 'Time in fall-through',
      description:
        'Share of the chosen time range in which the primary served reads, over all instances. A ' +
        'rise means longer or more frequent outages of a replica.',
      unit: 'percentunit',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 0.001, color: 'orange' }, { value: 0.05, color: 'red' }),
  )
    .decimals(1)
    .withTarget(now(fallthroughShare((selector) => `increase(${selector}[$__range])`))),
];

const route = describe(new statetimeline.PanelBuilder(), {
  title: 'Read route',
  description:
    'Route of reads of each instance over time; of more than 20 instances, those with the worst ' +
    'routes. Red: reads fell through to the primary. Purple: reads were refused. A gap: the ' +
    'instance was not scraped.',
  unit: 'none',
  width: 24,
  height: 7,
})
  .mappings(routeMappings)
  .mergeValues(true)
  .showValue(VisibilityMode.Never)
  .rowHeight(0.8)
  .lineWidth(0)
  .fillOpacity(80)
  .axisPlacement(AxisPlacement.Auto)
  .legend(legend)
  .noValue('no data')
  .dataLinks(linksToDetail(routeLabels))
  .withTarget(
    lines(
      ofWorst(routeLabels, most(routesTo), routesTo),
      ofRoute,
    ),
  );

const graphs = [
  graph({
    title: 'Share of time in fall-through',
    description:
      'Share of time in which the primary served the reads of an instance. Normally 0 if it has ' +
      'a replica. A lasting rise to 1 means a lost replica; repeated peaks mean a route that ' +
      'flaps.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .dataLinks(linksToDetail(routeLabels))
    .withTarget(
      lines(greatest(fallthroughShare(rate, ` ${perRoute} `)), ofRoute),
    ),
  graph({
    title: 'Queue depth',
    description:
      'Mean number of waiting acquires, computed from their total wait. It includes queues that ' +
      'form and drain between two scrapes. A rise means that demand exceeds the capacity of the ' +
      'pool.',
    unit: 'short',
    width: 12,
    height: 8,
  })
    .dataLinks(linksToDetail(poolLabels))
    .withTarget(
    lines(
      greatest(
        `sum ${perPool} (${rate(selectPools('scidex_pg_pool_acquire_wait_seconds_sum'))})`,
      ),
      ofPool,
    ),
  ),
  graph({
    title: 'Waiters',
    description:
      'Acquires that wait for a connection at the time of each scrape. If a rise lasts, ' +
      'ScidexPgPoolWaitersPilingUp fires; its runbook lists what to check.',
    unit: 'short',
    width: 8,
    height: 8,
  })
    .dataLinks(linksToDetail(poolLabels))
    .withTarget(lines(greatest(selectPools('scidex_pg_pool_waiters')), ofPool)),
  graph({
    title: 'Acquire wait, p99',
    description:
      'The 99th percentile of the time that acquires wait, including failed ones. A rise slows ' +
      'requests down; at the acquire timeout, callers get errors.',
    unit: 's',
    width: 8,
    height: 8,
  })
    .dataLinks(linksToDetail(poolLabels))
    .withTarget(lines(greatest(p99(waitSeconds)), ofPool)),
  graph({
    title: 'Timeouts',
    description:
      'Acquires per second that reached their timeout without getting a connection. Normally 0. ' +
      'Any rise means errors for callers; see Waiters and Pool detail.',
    unit: 'ops',
    width: 8,
    height: 8,
  })
    .dataLinks(linksToDetail(poolLabels))
    .withTarget(
    lines(
      greatest(
        `sum ${perPool} (${rate(
          selectPools('scidex_pg_pool_acquires_total', 'outcome="timeout"'),
        )})`,
      ),
      ofPool,
    ),
  ),
];

export function overview(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-overview',
      'PostgreSQL pools / Overview',
      'Where read-only traffic goes, and whether acquires wait for a connection.',
    ),
    [...first, instanceTable(), ...numbers, route, ...graphs],
  );
}
