// The rules of https://github.com/grafana/dashboard-linter by their names there, except the two about LogQL. Unlike
// there they apply to panels of every type, with one exception.
import { labelValues, queryResult, queryVariables, variable, variables } from './dashboards.js';
import {
  counter,
  narrowedBy,
  panelRule,
  type Rule,
  selectorRule,
  targetRule,
  understood,
  usesTheVariable,
  variableRule,
} from './rule.js';

export const grafanaRules: Rule[] = [
  {
    name: 'template-datasource-rule',
    broken: ({ dashboard }) =>
      variables(dashboard).filter(({ type }) => type === 'datasource').length === 1 &&
      variable(dashboard, 'datasource')?.label === 'Data source' &&
      variable(dashboard, 'datasource')?.query === 'prometheus'
        ? []
        : ['no variable for the data source'],
    spoils: [
      ({ dashboard }) => {
        variables(dashboard)[0].name = 'source';
      },
    ],
  },
  variableRule('template-job-rule', 'job', 'Job'),
  variableRule('template-instance-rule', 'instance', 'Instance'),
  {
    name: 'template-label-promql-rule',
    broken: ({ dashboard }) =>
      queryVariables(dashboard)
        .filter(({ query }) => !understood(labelValues(query)?.selector ?? queryResult(query) ?? ''))
        .map(({ query }) => String(query)),
    spoils: [
      ({ dashboard }) => {
        queryVariables(dashboard)[0].query = 'label_values(up{, job)';
      },
      ({ dashboard }) => {
        queryVariables(dashboard)[0].query = 'query_result(sum(up)';
      },
    ],
  },
  {
    name: 'template-on-time-change-reload-rule',
    broken: ({ dashboard }) =>
      queryVariables(dashboard)
        .filter(({ refresh }) => refresh !== 2)
        .map(({ name }) => name),
    spoils: [
      ({ dashboard }) => {
        queryVariables(dashboard)[0].refresh = 1;
      },
    ],
  },
  panelRule(
    'panel-datasource-rule',
    ({ datasource, targets }) =>
      usesTheVariable(datasource) && targets.every((target) => usesTheVariable(target.datasource)),
    (panel) => {
      panel.targets[0].datasource = { type: 'prometheus', uid: 'P1' };
    },
  ),
  panelRule(
    'panel-title-description-rule',
    (panel) => Boolean(panel.title && panel.description),
    (panel) => {
      panel.description = '';
    },
  ),
  panelRule(
    'panel-units-rule',
    (panel) => Boolean(panel.fieldConfig.defaults.unit),
    (panel) => {
      delete panel.fieldConfig.defaults.unit;
    },
  ),
  panelRule(
    'panel-no-targets-rule',
    (panel) => panel.targets.length > 0,
    (panel) => {
      panel.targets = [];
    },
  ),
  targetRule('target-promql-rule', ({ expr }) => understood(expr), (expr) => `${expr} )`),
  selectorRule(
    'target-rate-interval-rule',
    ({ range, taker }) =>
      taker === 'rate' || taker === 'irate' ? range === '$__rate_interval' : range !== '$__rate_interval',
    (expr) => expr.replace('$__rate_interval', '5m'),
    (expr) => expr.includes('$__rate_interval'),
  ),
  selectorRule(
    'target-job-rule',
    (selector) => narrowedBy('job', selector),
    (expr) => expr.replace('job=~"$job"', 'job="pools"'),
  ),
  selectorRule(
    'target-instance-rule',
    (selector) => narrowedBy('instance', selector),
    (expr) => expr.replace('instance=~"$instance"', 'instance="$instance"'),
  ),
  selectorRule(
    'target-counter-agg-rule',
    // min_over_time() is what a new instance had counted at its first scrape, which increase() lacks.
    ({ metric, range, taker }) =>
      !counter.test(metric) ||
      (range !== undefined && ['rate', 'irate', 'increase', 'min_over_time'].includes(String(taker))),
    (expr) => expr.replace(/\b(rate|increase)\(/, 'max_over_time('),
    (expr) => /\b(rate|increase)\(/.test(expr),
  ),
  {
    name: 'uneditable-dashboard-rule',
    broken: ({ dashboard }) => (dashboard.editable === false ? [] : ['can be edited in Grafana']),
    spoils: [
      ({ dashboard }) => {
        dashboard.editable = true;
      },
    ],
  },
];
