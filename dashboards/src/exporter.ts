// The exporter itself: whether it is scraped, probes, lasts, and with which configuration.
import { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';

import { dashboard, withPanels } from './dashboard';
import { instanceLabels, ofInstance, ofPool, perInstance, rowLinksToDetail } from './labels';
import { describe, graph, number, steps } from './panels';
import {
  greatest,
  known,
  lines,
  now,
  ours,
  rate,
  restarts,
  rows,
  scraped,
  select,
  selectPools,
} from './query';

const quiet = { value: null, color: 'text' } as const;

const numbers = [
  number(
    {
      title: 'Instances down',
      description:
        'Number of instances that were scraped in the chosen time range and whose latest scrape ' +
        'failed, or whose file for the textfile collector is missing or over two minutes old, ' +
        'and of those that ScidexPgPoolExporterDown reports. Normally 0. A rise means that an ' +
        'exporter, or the service that embeds it, is down or unreachable.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps({ value: null, color: 'green' }, { value: 1, color: 'red' }),
  ).withTarget(now(`sum(${scraped} == bool 0)`)),
  number(
    {
      title: 'Restarts',
      description:
        'Number of restarts of all instances in the chosen time range. A rise without a ' +
        'deployment means that the process crashes or is killed; see its log.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(restarts)),
  number(
    {
      title: 'Refused configurations',
      description:
        'Number of instances that refused the configuration they last tried to load. The ' +
        'previous one remains in force. Normally 0; after a rise, see the log for the invalid ' +
        'key.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(`sum(${known(select('scidex_pg_exporter_config_last_reload_successful'))} == bool 0)`)),
  number(
    {
      title: 'Collector errors',
      description:
        'Number of scrapes in the chosen time range that lacked the metrics of a collector. ' +
        'Normally 0. A rise means that metrics are missing; the log has the reason.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps(quiet, { value: 0.5, color: 'red' }),
  )
    .decimals(0)
    .withTarget(now(`sum(increase(${select('scidex_pg_exporter_collector_errors_total')}[$__range]))`)),
];

const graphs = [
  graph({
    title: 'Age of the latest probe',
    description:
      'Time since the server of each pool was last probed. Normally about a second, the default ' +
      'interval. A steady rise means that the exporter cannot run probes, and that what it ' +
      'reports about servers and routes is out of date.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(`time() - (${selectPools('scidex_pg_pool_probe_last_run_timestamp_seconds')} > 0)`),
      ofPool,
    ),
  ),
  graph({
    title: 'Probe duration',
    description:
      'Duration of the latest probe of each pool, answered or not. A rise points to a busy ' +
      'server or network; a probe that reaches its timeout fails.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(greatest(selectPools('scidex_pg_pool_probe_duration_seconds')), ofPool),
  ),
  graph({
    title: 'Scrape duration',
    description:
      'Time to produce the metrics of a scrape, without sending them. A rise means more series ' +
      'or a shortage of CPU time.',
    unit: 's',
    width: 6,
    height: 8,
  }).withTarget(lines(greatest(select('scidex_pg_exporter_scrape_duration_seconds')), ofInstance)),
  graph({
    title: 'HTTP requests by code',
    description:
      'HTTP requests per second, by status code. A rise of 401 means missing or wrong ' +
      'credentials; of 503, too many concurrent requests or an instance that is not ready; of ' +
      '500, an internal error that is in the log.',
    unit: 'reqps',
    width: 6,
    height: 8,
  }).withTarget(
    lines(`sum by (code) (${rate(select('scidex_pg_exporter_http_requests_total'))})`, '{{code}}'),
  ),
  graph({
    title: 'Log messages by level',
    description:
      'Log messages per second, by level, including dropped ones. After a rise of warn or error, ' +
      'read the log.',
    unit: 'ops',
    width: 6,
    height: 8,
  }).withTarget(
    lines(`sum by (level) (${rate(select('scidex_pg_exporter_log_messages_total'))})`, '{{level}}'),
  ),
  graph({
    title: 'Local failures',
    description:
      'Failures per second for lack of a file descriptor, memory or a thread. Normally 0. Any ' +
      'rise means that a limit of the process or of the machine is too low.',
    unit: 'ops',
    width: 6,
    height: 8,
  }).withTarget(
    lines(
      `sum by (resource) (${rate(select('scidex_pg_exporter_local_failures_total'))})`,
      '{{resource}}',
    ),
  ),
  graph({
    title: 'Memory',
    description:
      'Resident memory of each instance. An endless rise is a leak; a single step may come from ' +
      'a reload that added queries or series.',
    unit: 'bytes',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(ours(select('process_resident_memory_bytes'))), ofInstance)),
  graph({
    title: 'File descriptors',
    description:
      'Share of the limit of open file descriptors that each instance uses. If it rises to 1, ' +
      'connects and scrapes fail: raise the limit or reduce the pools.',
    unit: 'percentunit',
    width: 8,
    height: 8,
  })
    .max(1)
    .withTarget(lines(greatest(ours(`${select('process_open_fds')} / ${select('process_max_fds')}`)), ofInstance)),
  graph({
    title: 'CPU',
    description:
      'CPU time that each instance uses, as a share of one CPU. A rise should correspond to more ' +
      'acquires, queries or scrapes; otherwise report it as a fault.',
    unit: 'percentunit',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(ours(rate(select('process_cpu_seconds_total')))), ofInstance)),
];

// A field `Value #x` holds the values of the query x.
const columns: { field: string; header: string; look?: DynamicConfigValue[] }[] = [
  {
    field: 'instance',
    header: 'Instance',
    look: [{ id: 'links', value: rowLinksToDetail(instanceLabels) }],
  },
  { field: 'job', header: 'Job' },
  { field: 'namespace', header: 'Namespace' },
  { field: 'cluster', header: 'Cluster' },
  { field: 'version', header: 'Version' },
  { field: 'revision', header: 'Revision' },
  { field: 'compiler', header: 'Compiler' },
  {
    field: 'Value #started',
    header: 'Started',
    look: [{ id: 'unit', value: 'dateTimeFromNow' }],
  },
  {
    field: 'Value #loaded',
    header: 'Configuration loaded',
    look: [{ id: 'unit', value: 'dateTimeFromNow' }],
  },
  { field: 'Value #hash', header: 'Configuration' },
];

function builds(): table.PanelBuilder {
  const panel = describe(new table.PanelBuilder(), {
    title: 'Builds and configurations',
    description:
      'Version, start time and configuration hash of each instance. Instances with the same ' +
      'configuration have the same hash. A rise in the number of different hashes points to an ' +
      'incomplete rollout.',
    unit: 'none',
    width: 24,
    height: 8,
  })
    .filterable(true)
    .noValue('-')
    .withTarget(
      rows(
        'build',
        `max by (${instanceLabels}, version, revision, compiler) (${select('scidex_pg_exporter_build_info')})`,
      ),
    )
    .withTarget(
      rows('started', `1000 * max ${perInstance} (${ours(select('process_start_time_seconds'))})`),
    )
    .withTarget(
      rows(
        'loaded',
        `1000 * max ${perInstance} (${select(
          'scidex_pg_exporter_config_last_reload_success_timestamp_seconds',
        )})`,
      ),
    )
    .withTarget(rows('hash', `max ${perInstance} (${select('scidex_pg_exporter_config_hash')})`))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, 'Value #build': true },
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, header }) => [field, header])),
      },
    });
  for (const { header, look } of columns) {
    if (look) panel.overrideByName(header, look);
  }
  return panel;
}

export function exporter(): Dashboard {
  return withPanels(
    dashboard(
      'scidex-pg-pool-exporter',
      'PostgreSQL pools / Exporter',
      'Whether the exporter is scraped and runs its probes, its resource usage, and its ' +
      'configuration.',
    ),
    [...numbers, ...graphs, builds()],
  );
}
