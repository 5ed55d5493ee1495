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
  VariableHide,
  VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';

import { datasource } from './datasource';
import { instanceLabels, optional, where } from './labels';
import { ours, select } from './query';

const tag = 'scidex-pg-pool';

function queried(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(datasource)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

// The values of a label of a metric that every instance has from its start. All includes series without an optional label.
function variable(name: string, label: string, metric: string): QueryVariableBuilder {
  return queried(name, `label_values(${metric}, ${name})`)
    .label(label)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(optional.includes(name) ? '.*' : '.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

const route = 'scidex_pg_pool_ro_routes_to';
// The matchers of the variables before the one that is queried.
const chosen = ['cluster', 'namespace', 'job', 'instance'].map((name) => `${name}=~"$${name}"`);
const routeAmong = (before: number) => (before === 0 ? route : `${route}{${chosen.slice(0, before).join(', ')}}`);

// See labels.ts. The query's result is one series, whose label `where` is the part of the legend.
function hiddenWhere(): Builder<VariableModel> {
  const known = `present_over_time(${select('scidex_pg_exporter_build_info')}[$__range])`;
  const ifSeveral = (label: string) =>
    `(label_replace(count(count by (${label}) (${known})) > 1, "${label}", "{{${label}}}", "", "")` +
    ` or on () count(${known}))`;
  const joined = ['namespace', 'cluster'].map(
    (label) => `* on () group_left (${label}) ${ifSeveral(label)}`,
  );
  const labels = `label_join(${[ifSeveral('job'), ...joined].join(' ')}, "${where}", " ", "job", "namespace", "cluster")`;
  const variable = queried(where, `query_result(group by (${where}) (${labels}))`)
    // Nothing if no label is named.
    .regex(`/${where}=" *([^ "].*?) *"/`)
    .hide(VariableHide.HideVariable)
    .sort(VariableSort.Disabled)
    .current({ selected: true, text: '', value: '' });
  return { build: () => ({ ...variable.build(), skipUrlSync: true }) };
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
    // In a title, Grafana replaces a missing label by the label's name. Of the tags it omits it.
    .tagKeys('pool,instance,database,job,namespace,cluster');
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
    .withVariable(variable('cluster', 'Cluster', routeAmong(0)))
    .withVariable(variable('namespace', 'Namespace', routeAmong(1)))
    .withVariable(variable('job', 'Job', routeAmong(2)))
    .withVariable(variable('instance', 'Instance', routeAmong(3)))
    .withVariable(variable('database', 'Database', routeAmong(4)))
    .withVariable(variable('pool', 'Pool', select('scidex_pg_pool_max_size')))
    .withVariable(hiddenWhere())
    .annotation(
      marks(
        'Route changes',
        'orange',
        `(${select('scidex_pg_pool_ro_route_last_transition_timestamp_seconds')} > 0)`,
        'Route changed',
      ),
    )
    .annotation(
      marks('Restarts', 'blue', ours(select('process_start_time_seconds')), 'Started'),
    )
    .annotation(
      spans(
        'Firing alerts',
        'red',
        'ALERTS{alertname=~"ScidexPgPool.+", alertstate="firing",' +
          // Those of a whole job have no instance, and those of an instance no database.
          ` ${chosen.slice(0, 3).join(', ')}, instance=~"($instance)?", database=~"($database)?"}`,
        '{{alertname}} ({{severity}})',
      ),
    )
    .annotation(
      spans(
        'Version changes',
        'purple',
        `${versions} unless ${versionsBefore}`,
        'Version {{version}}',
      ),
    )
    .annotation(
      marks(
        'Reloads',
        'green',
        select('scidex_pg_exporter_config_last_reload_success_timestamp_seconds'),
        'Configuration loaded',
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
