// The exporter itself: whether it is scraped, probes, lasts, and with which configuration.
import { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';

import { dashboard, withPanels } from './dashboard';
import { describe, graph, number, steps } from './panels';
import { greatest, lines, now, ours, rate, rows, scraped, select, selectPools } from './query';

const quiet = { value: null, color: 'text' } as const;
const perInstance = 'by (job, instance)';

const numbers = [
  number(
    {
      title: 'Instances that are not scraped',
      description:
        'How many instances Prometheus could not scrape at last, of those that were there in the chosen ' +
        'time range. A rise is an exporter, or the service that embeds it, that is down.',
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
        'How often instances were started anew in the chosen time range. A rise without a release is ' +
        'a process that ends by itself, or is ended.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(`sum(${ours(`changes(${select('process_start_time_seconds')}[$__range])`)})`)),
  number(
    {
      title: 'Refused configurations',
      description:
        'Instances that were asked to load a configuration, found it wrong, and go on with the one ' +
        'before. A rise means that what is in the file is not in force.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    steps(quiet, { value: 1, color: 'orange' }),
  ).withTarget(now(`sum(${select('scidex_pg_exporter_config_last_reload_successful')} == bool 0)`)),
  number(
    {
      title: 'Collectors that fail',
      description:
        'Scrapes in the chosen time range that lacked the metrics of a collector. A rise is metrics ' +
        'that are not there; the log says why.',
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
      'How long ago the server of each pool was last probed; probes run each second. A rise means ' +
      'that the exporter is stuck, and that what it says of servers and routes is old.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(
      greatest(`time() - (${selectPools('scidex_pg_pool_probe_last_run_timestamp_seconds')} > 0)`),
      '{{pool}} {{instance}}',
    ),
  ),
  graph({
    title: 'Duration of the latest probe',
    description:
      'How long the server of each pool took to answer its probe, or the probe to give up. A rise ' +
      'is a server under load; at one second probes fail.',
    unit: 's',
    width: 12,
    height: 8,
  }).withTarget(
    lines(greatest(selectPools('scidex_pg_pool_probe_duration_seconds')), '{{pool}} {{instance}}'),
  ),
  graph({
    title: 'Duration of a scrape',
    description:
      'How long it took to produce the metrics, without their way over the network. A rise is more ' +
      'series, or a host that is short of processors.',
    unit: 's',
    width: 6,
    height: 8,
  }).withTarget(lines(greatest(select('scidex_pg_exporter_scrape_duration_seconds')), '{{instance}}')),
  graph({
    title: 'HTTP requests by code',
    description:
      'Requests per second by status code. A rise of 401 is a scrape without credentials, of 503 too ' +
      'many at once, of 500 a fault that the log explains.',
    unit: 'reqps',
    width: 6,
    height: 8,
  }).withTarget(
    lines(`sum by (code) (${rate(select('scidex_pg_exporter_http_requests_total'))})`, '{{code}}'),
  ),
  graph({
    title: 'Log messages by level',
    description:
      'Messages per second that were written to the log. A rise of warn or error is something to ' +
      'read there.',
    unit: 'ops',
    width: 6,
    height: 8,
  }).withTarget(
    lines(`sum by (level) (${rate(select('scidex_pg_exporter_log_messages_total'))})`, '{{level}}'),
  ),
  graph({
    title: 'Local failures',
    description:
      'Times per second that the process lacked a file descriptor, memory or a thread. Any rise means ' +
      'that a limit of the process or of the machine is too low.',
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
      'Memory of each instance that is in RAM. A rise that never ends is a leak; a step is a ' +
      'configuration with more queries or more series.',
    unit: 'bytes',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(ours(select('process_resident_memory_bytes'))), '{{instance}}')),
  graph({
    title: 'File descriptors',
    description:
      'The share of the file descriptors that each instance may have open. A rise to 1 means that ' +
      'connects and scrapes are about to fail.',
    unit: 'percentunit',
    width: 8,
    height: 8,
  })
    .max(1)
    .withTarget(lines(greatest(ours(`${select('process_open_fds')} / ${select('process_max_fds')}`)), '{{instance}}')),
  graph({
    title: 'Processor',
    description:
      'How much of one processor each instance takes. A rise is more acquires, more queries or more ' +
      'scrapes; without any of them it is a fault.',
    unit: 'percentunit',
    width: 8,
    height: 8,
  }).withTarget(lines(greatest(ours(rate(select('process_cpu_seconds_total')))), '{{instance}}')),
];

// A field `Value #x` holds the values of the query x.
const columns: { field: string; header: string; look?: DynamicConfigValue[] }[] = [
  { field: 'instance', header: 'Instance' },
  { field: 'job', header: 'Job' },
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
      'What runs where, since when, and with which configuration: instances that should be alike ' +
      'have the same number there. A rise of different numbers is a roll-out that stopped half way.',
    unit: 'none',
    width: 24,
    height: 8,
  })
    .filterable(true)
    .noValue('-')
    .withTarget(
      rows(
        'build',
        `max by (job, instance, version, revision, compiler) (${select('scidex_pg_exporter_build_info')})`,
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
      'Whether the exporter is scraped, probes and lasts, and with which configuration it runs.',
    ),
    [...numbers, ...graphs, builds()],
  );
}
