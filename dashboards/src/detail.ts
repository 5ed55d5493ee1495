// One pool at a time: what its connections do, how long acquires wait and why, and how its server is.
import { HeatmapColorMode } from '@grafana/grafana-foundation-sdk/heatmap';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, withPanels } from './dashboard';
import { describe, graph } from './panels';
import { buckets, down, greatest, lines, quantile, rate, select, selectPools } from './query';
import { serverTable } from './servers';

const inUse = 'state="in_use"';

const connections = [
  graph({
    title: 'Connections by state',
    description:
      'What the connections of the chosen pools do, against the most that they may have. A rise of ' +
      'in_use towards the target means that the next rise of demand queues; connecting that stays ' +
      'means that connects are slow or fail.',
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
      'The share of the connections that a pool may ever have which are in use. A rise to 1 that ' +
      'stays is a pool that is too small, or leases that are held too long.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .withTarget(
      lines(
        greatest(
          `sum by (job, instance, pool) (${selectPools('scidex_pg_pool_connections', inUse)})` +
            ` / sum by (job, instance, pool) (${selectPools('scidex_pg_pool_max_size')})`,
        ),
        '{{pool}} {{instance}}',
      ),
    ),
];

const waits = [
  graph({
    title: 'Acquires by outcome',
    description:
      'Acquires per second and how they ended. A rise of waited is demand that outgrows the pool; ' +
      'of timeout, queue_full, deadlock or error it is errors to callers.',
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
    title: 'How long acquires wait',
    description:
      'Acquires by how long they waited, over time. A band that rises is a queue that forms; two ' +
      'bands are callers who fare differently, those of a burst say.',
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
    title: 'Wait',
    description:
      'Half of the acquires wait longer than the first line, one in a hundred longer than the ' +
      'second. A rise is felt by users; a rise of the second alone is a few unlucky callers.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .withTarget(
      lines(quantile(0.5, 'scidex_pg_pool_acquire_wait_seconds', 'pool'), '{{pool}} median', 'p50'),
    )
    .withTarget(
      lines(quantile(0.99, 'scidex_pg_pool_acquire_wait_seconds', 'pool'), '{{pool}} 99 %', 'p99'),
    ),
  graph({
    title: 'Use',
    description:
      'How long leases are held: half of them longer than the first line, one in a hundred longer ' +
      'than the second. A rise means slower queries or more work for each lease, and makes others wait.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .withTarget(lines(quantile(0.5, 'scidex_pg_pool_use_seconds', 'pool'), '{{pool}} median', 'p50'))
    .withTarget(lines(quantile(0.99, 'scidex_pg_pool_use_seconds', 'pool'), '{{pool}} 99 %', 'p99')),
];

const servers = [
  graph({
    title: 'Leases by pool',
    description:
      'The mean number of leases held, primary beside replica, from the sum of their times. A rise ' +
      'of ro_fallthrough is what the primary carries for a replica that is lost.',
    unit: 'short',
    width: 12,
    height: 8,
  }).withTarget(
    lines(`sum by (pool) (${rate(selectPools('scidex_pg_pool_use_seconds_sum'))})`, '{{pool}}'),
  ),
  graph({
    title: 'Oldest lease',
    description:
      'For how long the oldest lease of each pool has been held. A steady rise is a lease that is ' +
      'never given back: the status page names the place that took it.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(greatest(selectPools('scidex_pg_pool_oldest_lease_seconds')), '{{pool}} {{instance}}'),
  ),
  graph({
    title: 'Connects by outcome',
    description:
      'Connects per second and how they ended. Any rise of another outcome than ok is a server that ' +
      'cannot be reached, and says why; a rise of ok is connections that do not last.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (outcome) (${rate(selectPools('scidex_pg_pool_connects_total'))})`, '{{outcome}}'),
  ),
  graph({
    title: 'Evictions by reason',
    description:
      'Connections closed on purpose, per second. A rise of dead means that something between here ' +
      'and the server cuts them; of reset_failed that borrowers leave a mess behind.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (reason) (${rate(selectPools('scidex_pg_pool_evictions_total'))})`, '{{reason}}'),
  ),
  graph({
    title: 'Time to connect, 99th percentile',
    description:
      'One connect in a hundred takes longer than this, failed ones included. A rise points at the ' +
      'network, the name service or a busy server. No connects, no value.',
    unit: 's',
    width: 8,
    height: 8,
  }).withTarget(lines(quantile(0.99, 'scidex_pg_pool_connect_seconds', 'pool'), '{{pool}}')),
  graph({
    title: 'Replica lag',
    description:
      'How far the replica is behind the primary, against the lag at which it loses the route. A ' +
      'rise is old data for those who read; at the bound reads go to the primary.',
    unit: 's',
    width: 12,
    height: 8,
  })
    .withTarget(lines(greatest(select('scidex_pg_pool_replica_lag_seconds')), '{{instance}}', 'lag'))
    .withTarget(
      lines(`min(${select('scidex_pg_pool_replica_max_lag_seconds')} > 0)`, 'may lag', 'max'),
    ),
  graph({
    title: 'What SQL queries take from the pools',
    description:
      'The mean number of connections that each configured query holds, and of its runs that wait ' +
      'for one. A rise of either names the query that fills the queue.',
    unit: 'short',
    width: 12,
    height: 8,
  })
    .withTarget(
      lines(
        greatest(`sum by (query) (${rate(select('scidex_pg_query_use_seconds_total'))})`),
        '{{query}} holds',
        'use',
      ),
    )
    .withTarget(
      lines(
        greatest(`sum by (query) (${rate(select('scidex_pg_query_wait_seconds_total'))})`),
        '{{query}} waits',
        'wait',
      ),
    ),
  graph({
    title: 'Probes that fail',
    description:
      'The share of the probes of each pool that failed. A rise to 1 is a server that does not answer ' +
      'or is not what it should be; what comes and goes is a busy server or network.',
    unit: 'percentunit',
    width: 12,
    height: 8,
  })
    .max(1)
    .withTarget(
      lines(
        greatest(
          `sum by (job, instance, pool) (${rate(selectPools('scidex_pg_pool_probe_failures_total'))})` +
            ` / sum by (job, instance, pool) (${rate(selectPools('scidex_pg_pool_probes_total'))})`,
        ),
        '{{pool}} {{instance}}',
      ),
    ),
  graph({
    title: 'Failed probes by reason',
    description:
      'Probes per second that failed, and why. A rise of connect_refused or connect_timeout is a server ' +
      'or a network that is down; of auth_failed or wrong_cluster it is a configuration.',
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
    title: 'Servers that do not answer',
    description:
      'Of how many instances the server of each pool did not answer its latest probe. A rise of ro is a ' +
      'lost replica, of the other two a lost primary; of all instances at once it is the server itself.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(lines(`sum by (pool) (${down})`, '{{pool}}')),
  graph({
    title: 'Servers in recovery',
    description:
      'Of how many instances the server of each pool was in recovery, as a replica is. A fall of ro is ' +
      'a replica that was promoted; a rise of primary is a primary that was demoted.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (pool) (${selectPools('scidex_pg_pool_backend_in_recovery')})`, '{{pool}}'),
  ),
  graph({
    title: 'Replicas without a WAL stream',
    description:
      'Instances whose replica does not stream WAL from its primary. A rise means that lag will grow as ' +
      'soon as the primary writes, although the replica answers.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum(${select('scidex_pg_pool_replica_wal_receiver_up')} == bool 0)`, 'without'),
  ),
];

const leases = [
  graph({
    title: 'Leases that leak',
    description:
      'Leases per second that were found to be held for longer than leak_after. Any rise is a caller ' +
      'that does not give its connection back: the log names the place.',
    unit: 'ops',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (pool) (${rate(selectPools('scidex_pg_pool_leases_leaked_total'))})`, '{{pool}}'),
  ),
  graph({
    title: 'Leases of replaced pools',
    description:
      'Leases of pools that a reload or a new password has replaced and that are still out. A rise that ' +
      'stays is connections to the old server that no other panel shows.',
    unit: 'none',
    width: 8,
    height: 8,
  }).withTarget(
    lines(`sum by (pool) (${selectPools('scidex_pg_pool_retired_leases')})`, '{{pool}}'),
  ),
  graph({
    title: 'Autoscaler decisions',
    description:
      'What the autoscaler decided, per second. A rise of at_max or at_budget means that acquires wait ' +
      'and it may not help; of waits_long that it lets a pool grow.',
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
      'Runs of SQL queries per second that failed, by query and reason. Any rise is series that are ' +
      'gone or old; the log has the words of the server.',
    unit: 'ops',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(`sum by (query, reason) (${rate(select('scidex_pg_query_errors_total'))})`),
      '{{query}} {{reason}}',
    ),
  ),
  graph({
    title: 'Age of query results',
    description:
      'How long ago each query last succeeded, on the instance where that is longest. A rise beyond its ' +
      'interval means that its runs fail or do not begin.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(
        `max by (query) (time() - (${select('scidex_pg_query_last_success_timestamp_seconds')} > 0))`,
      ),
      '{{query}}',
    ),
  ),
];

export function detail(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-detail',
      'PostgreSQL pools / Pool detail',
      'What the connections of a pool do, how long acquires wait and why, and how its server is.',
    ),
    [serverTable(), ...answers, ...connections, ...waits, ...servers, ...queries, ...leases],
  );
}
