// One pool at a time: what its connections do, how long acquires wait and why, and how its server is.
import { HeatmapColorMode } from '@grafana/grafana-foundation-sdk/heatmap';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, withPanels } from './dashboard';
import { ofPool, ofRoute, ofService, perPoolOfService, routeLabels, serviceLabels } from './labels';
import { describe, graph } from './panels';
import {
  buckets,
  down,
  greatest,
  lines,
  meanByPool,
  rate,
  select,
  selectPools,
  worstP99,
} from './query';
import { serverTable } from './servers';

const replicaLag = greatest(select('scidex_pg_pool_replica_lag_seconds'));

const connections = [
  graph({
    title: 'Connections by state',
    description:
      'Connections of the chosen pools by state, with their target and maximum sizes. If in_use ' +
      'rises to the target, further acquires have to wait; if connecting stays above 0, connects ' +
      'are slow or fail.',
    unit: 'short',
    width: 12,
    height: 8,
  })
    .withTarget(
      lines(`sum by (state) (${selectPools('scidex_pg_pool_connections')})`, '{{state}}', 'state'),
    )
    .withTarget(lines(`sum(${selectPools('scidex_pg_pool_target_size')})`, 'target', 'target'))
    .withTarget(lines(`sum(${selectPools('scidex_pg_pool_max_size')})`, 'max', 'max')),
  graph({
    title: 'Utilisation',
    description:
      'Share of max_size that is in use, for each pool, recorded once a minute by the rules of the ' +
      'alerts. A lasting rise to 1 means that the pool is too small or its leases are held too ' +
      'long; see Lease duration and Oldest lease.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .withTarget(
      lines(
        greatest(selectPools('instance_pool:scidex_pg_pool_connections_in_use:ratio')),
        ofPool,
      ),
    ),
];

const waits = [
  graph({
    title: 'Acquires by outcome',
    description:
      'Finished acquires per second, by outcome. A rise of waited means that demand exceeds the ' +
      'idle connections; a rise of timeout, queue_full, deadlock or error means that callers get ' +
      'errors.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum by (outcome) (${rate(selectPools('scidex_pg_pool_acquires_total'))})`,
      '{{outcome}}',
    ),
  ),
  describe(new heatmap.PanelBuilder(), {
    title: 'Distribution of acquire waits',
    description:
      'Distribution of the time that acquires wait, over time. If the band rises, a queue is ' +
      'forming; two separate bands mean that some acquires wait much longer than others, for ' +
      'example during bursts.',
    unit: 'ops',
    width: 12,
    height: 8,
  })
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit('s'))
    .cellValues(new heatmap.CellValuesBuilder().unit('ops'))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
    .withTarget(
      buckets(
        `sum by (le) (${rate(selectPools('scidex_pg_pool_acquire_wait_seconds_bucket'))})`,
      ),
    ),
  graph({
    title: 'Acquire wait',
    description:
      'Mean of the time that acquires of each pool wait, and its 99th percentile (p99) on the ' +
      'instance where it is highest. A rise of both slows down all callers; a rise of p99 alone ' +
      'affects one acquire in a hundred.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .withTarget(
      lines(meanByPool('scidex_pg_pool_acquire_wait_seconds'), ofService('{{pool}} mean'), 'mean'),
    )
    .withTarget(
      lines(worstP99('scidex_pg_pool_acquire_wait_seconds'), ofService('{{pool}} p99'), 'p99'),
    ),
  graph({
    title: 'Lease duration',
    description:
      'Mean of the time that leases of each pool are held, and its 99th percentile (p99) on the ' +
      'instance where it is highest. A rise means slower queries or more work per lease, and ' +
      'makes other acquires wait.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .withTarget(lines(meanByPool('scidex_pg_pool_use_seconds'), ofService('{{pool}} mean'), 'mean'))
    .withTarget(
      lines(worstP99('scidex_pg_pool_use_seconds'), ofService('{{pool}} p99'), 'p99'),
    ),
];

const servers = [
  graph({
    title: 'Active leases',
    description:
      'Mean number of active leases in each pool. A rise of ro_fallthrough is load on the ' +
      'primary from reads that the replica does not serve.',
    unit: 'short',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum ${perPoolOfService} (${rate(selectPools('scidex_pg_pool_use_seconds_sum'))})`),
      ofService('{{pool}}'),
    ),
  ),
  graph({
    title: 'Oldest lease',
    description:
      'How long the oldest lease of each pool has been held. A steady rise means that a lease is ' +
      'never released; the status page shows its call site.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(greatest(selectPools('scidex_pg_pool_oldest_lease_seconds')), ofPool),
  ),
  graph({
    title: 'Connects by outcome',
    description:
      'Connects per second, by outcome. A rise of any outcome other than ok means that connects ' +
      'fail for that reason; a rise of ok means that connections are replaced more often: see ' +
      'Evictions by reason.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (outcome) (${rate(selectPools('scidex_pg_pool_connects_total'))})`, '{{outcome}}'),
  ),
  graph({
    title: 'Evictions by reason',
    description:
      'Connections closed on purpose per second, by reason. A rise of dead means that something ' +
      'between the exporter and the server drops connections; a rise of reset_failed, that ' +
      'sessions cannot be reset after use.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (reason) (${rate(selectPools('scidex_pg_pool_evictions_total'))})`, '{{reason}}'),
  ),
  graph({
    title: 'Connect time, p99',
    description:
      'The 99th percentile of the duration of connects of each pool, including failed ones, on the ' +
      'instance where it is highest. A rise points to the network, name resolution or a busy ' +
      'server. Empty if there are no connects.',
    unit: 's',
    width: 8,
    height: 8,
  }).withTarget(lines(worstP99('scidex_pg_pool_connect_seconds'), ofService('{{pool}}'))),
  graph({
    title: 'Replica lag',
    description:
      'How far the replica of each instance is behind the primary, and the max_lag of the same ' +
      'instance (dashed). A rise means that reads return older data; above max_lag the replica ' +
      'is stale, and loses the route unless on_lag is serve_stale, until the lag has fallen to ' +
      'half of max_lag.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .overrideByRegexp('/^max_lag /', [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
      { id: 'custom.fillOpacity', value: 0 },
    ])
    .withTarget(lines(replicaLag, `lag ${ofRoute}`, 'lag'))
    .withTarget(
      lines(
        `${select('scidex_pg_pool_replica_max_lag_seconds')} > 0 and on (${routeLabels}) ${replicaLag}`,
        `max_lag ${ofRoute}`,
        'max',
      ),
    ),
  graph({
    title: 'Connections used by queries',
    description:
      'Mean number of connections that each configured query holds, and of its runs that wait ' +
      'for one. A rise shows which query occupies the pool or waits in its queue.',
    unit: 'short',
    width: 12,
    height: 8,
  })
    .withTarget(
      lines(
        greatest(`sum by (${serviceLabels}, query) (${rate(select('scidex_pg_query_use_seconds_total'))})`),
        ofService('{{query}} holds'),
        'use',
      ),
    )
    .withTarget(
      lines(
        greatest(`sum by (${serviceLabels}, query) (${rate(select('scidex_pg_query_wait_seconds_total'))})`),
        ofService('{{query}} waits'),
        'wait',
      ),
    ),
  graph({
    title: 'Failed probes',
    description:
      'Share of the probes of each pool that failed in the last five minutes. A lasting rise to 1 ' +
      'means that the server does not answer or is not the expected one; occasional failures ' +
      'point to a busy server or network.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .withTarget(
      lines(greatest(selectPools('instance_pool:scidex_pg_pool_probe_failures:ratio_rate5m')), ofPool),
    ),
  graph({
    title: 'Failed probes by reason',
    description:
      'Failed probes per second, by reason. A rise of connect_refused or connect_timeout points ' +
      'to the server or the network; a rise of auth_failed or wrong_cluster, to the ' +
      'configuration.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      `sum by (reason) (${rate(selectPools('scidex_pg_pool_probe_failures_total'))})`,
      '{{reason}}',
    ),
  ),
];

const answers = [
  graph({
    title: 'Servers down',
    description:
      'Number of instances on which the server of each pool did not answer its latest probe. ' +
      'Normally 0. A rise of ro means a lost replica, a rise of the other pools a lost primary; ' +
      'if it affects all instances, check the server itself.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(`sum ${perPoolOfService} (${down})`), ofService('{{pool}}'))),
  graph({
    title: 'Servers in recovery',
    description:
      'Number of instances on which the server of each pool was in recovery when it last ' +
      'answered, as a replica is. A fall of ro means that a replica was promoted; a rise of ' +
      'primary, that a primary was demoted.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum ${perPoolOfService} (${selectPools('scidex_pg_pool_backend_in_recovery')})`),
      ofService('{{pool}}'),
    ),
  ),
  graph({
    title: 'Replicas without WAL streaming',
    description:
      'Number of instances whose replica answers but does not stream WAL from its primary. ' +
      'Normally 0. A rise means that lag will increase as soon as the primary writes.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      greatest(
        `sum by (${serviceLabels}) (${select('scidex_pg_pool_replica_wal_receiver_up')} == bool 0)`,
      ),
      ofService('without'),
    ),
  ),
];

const leases = [
  graph({
    title: 'Leaked leases',
    description:
      'Leases per second that exceeded leak_after. Normally 0. Any rise means that a caller does ' +
      'not release its lease; the log has the call site.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum ${perPoolOfService} (${rate(selectPools('scidex_pg_pool_leases_leaked_total'))})`),
      ofService('{{pool}}'),
    ),
  ),
  graph({
    title: 'Leases of replaced pools',
    description:
      'Active leases of pools that were replaced by a reload or a new password. A lasting rise ' +
      'means that leases of the old pool are not released; no other panel shows their ' +
      'connections.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum ${perPoolOfService} (${selectPools('scidex_pg_pool_retired_leases')})`),
      ofService('{{pool}}'),
    ),
  ),
  graph({
    title: 'Autoscaler decisions',
    description:
      'What the autoscaler decided, per second. A rise of at_max or at_budget means that a pool needs ' +
      'more connections than it may have; of waits_long, that a pool grows because acquires wait.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(
      `sum by (decision) (${rate(selectPools('scidex_pg_pool_autoscaler_decisions_total'))})`,
      '{{decision}}',
    ),
  ),
];

const queries = [
  graph({
    title: 'Query errors',
    description:
      'Failed runs of the configured SQL queries per second, by query and reason. Any rise means ' +
      'that series are missing or old; the log has the message of the server.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum by (${serviceLabels}, query, reason) (${rate(select('scidex_pg_query_errors_total'))})`),
      ofService('{{query}} {{reason}}'),
    ),
  ),
  graph({
    title: 'Age of query results',
    description:
      'Time since each query last succeeded, on the instance where it is longest. A rise above ' +
      'the interval of the query means that its runs fail or do not begin.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(
        `max by (${serviceLabels}, query) (time() - (${select('scidex_pg_query_last_success_timestamp_seconds')} > 0))`,
      ),
      ofService('{{query}}'),
    ),
  ),
];

export function detail(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-detail',
      'PostgreSQL pools / Pool detail',
      'Connections of each pool by state, how long acquires wait and why, and the state of ' +
      'its server.',
    ),
    [serverTable(), ...answers, ...connections, ...waits, ...servers, ...queries, ...leases],
  );
}
