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
import { describe, graph, legend, named, number, steps } from './panels';
import { down, greatest, lines, now, quantile, rate, scraped, select, selectPools } from './query';
import { noData, routeColors, routeMappings } from './route';

const quiet = { value: null, color: 'text' } as const;

// How many instances have this route; `color` where there is any.
function instancesAt(
  route: number,
  title: string,
  color: string,
  description: string,
): stat.PanelBuilder {
  return named(
    { title, description, unit: 'none', width: 4, height: 5 },
    steps(quiet, { value: 1, color }),
  ).withTarget(
    now(`sum(${select('scidex_pg_pool_ro_routes_to')} == bool ${route})`).legendFormat('instances'),
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
const changed = select('scidex_pg_pool_ro_route_last_transition_timestamp_seconds');
const waitSeconds = 'scidex_pg_pool_acquire_wait_seconds';

const first = [
  instancesAt(
    1,
    'Reads on the replica',
    routeColors.replica,
    'Instances whose reads are served by a replica. A rise is good: reads load no writer there.',
  ),
  instancesAt(
    2,
    'Reads on the primary',
    routeColors.fallthrough,
    'Instances whose reads fall through to the primary. A rise means that a replica was lost, or ' +
      'that an instance without one was added: reads now load the server that takes the writes.',
  ),
  instancesAt(
    3,
    'Reads refused',
    routeColors.disabled,
    'Instances on which a read acquire fails at once: the replica cannot serve, and fall-through ' +
      'is forbidden or there is no primary. A rise means errors for users.',
  ),
  named(
    {
      title: 'Why',
      description:
        'The most frequent reasons of the routes in force, each with its number of instances; ok is the ' +
        "replica's. A rise of another is a replica that cannot serve, and says what is wrong with it.",
      unit: 'none',
      width: 5,
      height: 5,
    },
    steps({ value: null, color: 'red' }),
  )
    .overrideByName('ok', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'green' } }])
    .withTarget(
      now(`topk(3, count by (reason) (${select('scidex_pg_pool_ro_route_reason')} == 1))`).legendFormat(
        '{{reason}}',
      ),
    ),
  number(
    {
      title: 'Since',
      description:
        'When the first instance left its replica of those that are without one now; while there is ' +
        'none, when a route changed last. A fall to seconds is a loss that has just happened.',
      unit: 'dateTimeFromNow',
      width: 3,
      height: 5,
    },
    steps(quiet),
  )
    .mappings([
      { type: MappingType.ValueToText, options: { 0: { text: 'never changed', index: 0 } } },
      noData('no data', 1),
    ])
    .withTarget(now(`1000 * (min(${changed} and on (job, instance) ${routesTo} != 1) or max(${changed}))`)),
  named(
    {
      title: 'Instances',
      description:
        'How many of the chosen instances are scraped. Red: one that was there in the chosen time range ' +
        'is not, and nothing is known of its pools. A rise of the whole is a roll-out.',
      unit: 'percentunit',
      width: 4,
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
        'Callers that wait for a connection now, in all pools. A rise that stays means that ' +
        'connections are kept too long, or that there are too few.',
      unit: 'none',
      width: 4,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(`sum(${selectPools('scidex_pg_pool_waiters')})`)),
  number(
    {
      title: 'Servers that do not answer',
      description:
        'Pools whose server did not answer its latest probe, over all instances. A rise is a server ' +
        'that is down, or that cannot be reached; the table of servers of Pool detail names it.',
      unit: 'none',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'red' }),
  ).withTarget(now(`sum(${down})`)),
  number(
    {
      title: 'Queries that fail',
      description:
        'Queries of the configuration whose latest run failed, over all instances. A rise means that ' +
        'their series are gone or old; Pool detail has the reasons.',
      unit: 'none',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(
    now(
      `sum(${select('scidex_pg_query_last_run_timestamp_seconds')}` +
        ` > bool ${select('scidex_pg_query_last_success_timestamp_seconds')})`,
    ),
  ),
  number(
    {
      title: 'Wait, 99th percentile',
      description:
        'One acquire in a hundred waits longer than this for its connection. A rise is felt by ' +
        'users as slower requests. No acquires, no value.',
      unit: 's',
      width: 5,
      height: 4,
    },
    steps(quiet, { value: 0.1, color: 'orange' }, { value: 1, color: 'red' }),
  )
    .mappings([noData('no acquires')])
    .withTarget(now(quantile(0.99, waitSeconds))),
  number(
    {
      title: 'Time in fall-through',
      description:
        'The share of the chosen time range in which reads were served by the primary, over all ' +
        'instances. A rise means longer or more frequent losses of a replica.',
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
  title: 'Route of the reads',
  description:
    'Where the reads of the instances went, over time; of a fleet, of those that fared worst. Red: they ' +
    'fell through to the primary. Purple: they were refused. A gap: the instance was not scraped.',
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
  .withTarget(
    lines(
      `${routesTo} and on (job, instance) topk(20, max_over_time(${routesTo}[$__range] @ end()))`,
      '{{instance}} ({{job}})',
    ),
  );

const graphs = [
  graph({
    title: 'Share of time in fall-through',
    description:
      'How much of each moment the reads of an instance were served by the primary. A rise to 1 ' +
      'is a lost replica; teeth are a route that flaps.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .withTarget(
      lines(greatest(fallthroughShare(rate, ' by (job, instance) ')), '{{instance}} ({{job}})'),
    ),
  graph({
    title: 'Queue depth',
    description:
      'The mean number of callers that waited, from the sum of their waits: it sees the queues ' +
      'that form and drain between two scrapes. A rise means that demand outgrows the pool.',
    unit: 'short',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(
        `sum by (job, instance, pool) (${rate(selectPools('scidex_pg_pool_acquire_wait_seconds_sum'))})`,
      ),
      '{{pool}} {{instance}}',
    ),
  ),
  graph({
    title: 'Waiters',
    description:
      'Callers that waited for a connection at the moment of each scrape. A rise that does not ' +
      'fall again is what ScidexPgPoolWaitersPilingUp fires on.',
    unit: 'short',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(selectPools('scidex_pg_pool_waiters')), '{{pool}} {{instance}}')),
  graph({
    title: 'Wait, 99th percentile',
    description:
      'One acquire in a hundred waits longer than this, waits that fail included. A rise is felt ' +
      'by users; at the acquire timeout it becomes errors.',
    unit: 's',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(quantile(0.99, waitSeconds, 'job', 'instance', 'pool')), '{{pool}} {{instance}}')),
  graph({
    title: 'Timeouts',
    description:
      'Acquires per second that gave up because no connection came free within their timeout. ' +
      'Each is an error to its caller: any rise is felt.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      greatest(
        `sum by (job, instance, pool) (${rate(
          selectPools('scidex_pg_pool_acquires_total', 'outcome="timeout"'),
        )})`,
      ),
      '{{pool}} {{instance}}',
    ),
  ),
];

export function overview(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-overview',
      'PostgreSQL pools / Overview',
      'Where read-only traffic goes, and whether anybody waits for a connection.',
    ),
    [...first, instanceTable(), ...numbers, route, ...graphs],
  );
}
