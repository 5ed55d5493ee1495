// What all dashboards have in common: variables, annotations, links, and the numbering of panels.
import { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  Panel,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';

import { datasource } from './datasource';
import { instanceLabels, ours, select } from './query';

const tag = 'scidex-pg-pool';

// Values are queried on a metric that every instance has from its start.
function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

// Marks the times at which expr has any value.
function spans(name: string, color: string, expr: string, title: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(title)
    .tagKeys('instance');
}

// Marks the times that expr has as its values.
function marks(name: string, color: string, expr: string, title: string): AnnotationQueryBuilder {
  return spans(name, color, `1000 * ${expr}`, title).useValueForTime(true);
}

const versions = `max by (${instanceLabels}, version) (${select('scidex_pg_exporter_build_info')})`;
const versionsBefore = `max by (${instanceLabels}, version) (${select('scidex_pg_exporter_build_info')} offset 2m)`;

export function dashboard(uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([tag])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    )
    .withVariable(variable('job', 'Job', 'label_values(scidex_pg_pool_ro_routes_to, job)'))
    .withVariable(
      variable(
        'instance',
        'Instance',
        'label_values(scidex_pg_pool_ro_routes_to{job=~"$job"}, instance)',
      ),
    )
    .withVariable(
      variable('pool', 'Pool', `label_values(${select('scidex_pg_pool_max_size')}, pool)`),
    )
    .annotation(
      marks(
        'Route changes',
        'orange',
        `(${select('scidex_pg_pool_ro_route_last_transition_timestamp_seconds')} > 0)`,
        'Route changed: {{instance}}',
      ),
    )
    .annotation(
      marks('Restarts', 'blue', ours(select('process_start_time_seconds')), 'Started: {{instance}}'),
    )
    .annotation(
      spans(
        'Firing alerts',
        'red',
        // Those of a whole job have no instance.
        'ALERTS{alertname=~"ScidexPgPool.+", alertstate="firing", job=~"$job", instance=~"($instance)?"}',
        '{{alertname}} ({{severity}}): {{instance}} {{pool}}',
      ),
    )
    .annotation(
      spans(
        'Version changes',
        'purple',
        `${versions} unless ${versionsBefore}`,
        'Version {{version}}: {{instance}}',
      ),
    )
    .annotation(
      marks(
        'Reloads',
        'green',
        select('scidex_pg_exporter_config_last_reload_success_timestamp_seconds'),
        'Configuration loaded: {{instance}}',
      ),
    )
    .link(
      new DashboardLinkBuilder('Pool dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .includeVars(true)
        .keepTime(true),
    );
}

// Puts the panels on the grid from left to right, and numbers them.
export function withPanels(builder: DashboardBuilder, panels: Builder<Panel>[]): Dashboard {
  panels.forEach((panel, index) => {
    builder.withPanel({ build: () => ({ ...panel.build(), id: index + 1 }) });
  });
  return builder.build();
}
