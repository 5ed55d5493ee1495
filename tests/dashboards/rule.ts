// Rules of the dashboards, and functions to define them.
import { type File, targets, type Variable, variable } from './dashboards.js';
import type { Panel, Target } from './dashboard_shape.js';
import { type Selector, selectors } from './promql.js';

// A condition that holds for every dashboard.
export interface Rule {
  name: string;
  // Descriptions of the violations; empty if there are none.
  broken(file: File): string[];
  // Each breaks the rule in one place, which the rule must detect.
  spoils: ((file: File) => void)[];
}

export const counter = /_(total|bucket|sum|count)$/;

export function understood(expr: string): boolean {
  try {
    return selectors(expr).length > 0;
  } catch {
    return false;
  }
}

// An invalid query violates another rule.
function selectorsOf(target: Target): Selector[] {
  return understood(target.expr) ? selectors(target.expr) : [];
}

export function panelRule(name: string, holds: (panel: Panel) => boolean, spoil: (panel: Panel) => void): Rule {
  return {
    name,
    broken: ({ dashboard }) => dashboard.panels.filter((panel) => !holds(panel)).map((panel) => String(panel.title)),
    spoils: [({ dashboard }) => spoil(dashboard.panels[0])],
  };
}

export function targetRule(
  name: string,
  holds: (target: Target) => boolean,
  spoil: (expr: string) => string,
  spoilable: (expr: string) => boolean = () => true,
): Rule {
  return {
    name,
    broken: ({ dashboard }) =>
      targets(dashboard)
        .filter(({ target }) => !holds(target))
        .map(({ panel, target }) => `${panel.title}: ${target.expr}`),
    spoils: [
      ({ dashboard }) => {
        const found = targets(dashboard).find(({ target }) => spoilable(target.expr));
        if (found) found.target.expr = spoil(found.target.expr);
      },
    ],
  };
}

export function selectorRule(
  name: string,
  holds: (selector: Selector) => boolean,
  spoil: (expr: string) => string,
  spoilable?: (expr: string) => boolean,
): Rule {
  return targetRule(name, (target) => selectorsOf(target).every(holds), spoil, spoilable);
}

export function narrowedBy(label: string, { matchers }: Selector, orAbsent = false): boolean {
  const value = orAbsent ? `($${label})?` : `$${label}`;
  return matchers.some(
    (matcher) => matcher.label === label && matcher.operator === '=~' && matcher.value === value,
  );
}

export function usesTheVariable(datasource: { uid?: string } | undefined): boolean {
  return datasource?.uid === '${datasource}';
}

// The variable that lists the values of the label of its name.
export function variableRule(name: string, label: string, title: string, all = '.+'): Rule {
  const spoilt = (change: (found: Variable) => void) => (file: File) => {
    const found = variable(file.dashboard, label);
    if (found) change(found);
  };
  return {
    name,
    broken: ({ dashboard }) => {
      const found = variable(dashboard, label);
      if (!found) return [`there is no variable ${label}`];
      return [
        usesTheVariable(found.datasource) ? '' : 'is not asked of the chosen data source',
        found.type === 'query' ? '' : 'is no query',
        found.label === title ? '' : `is not called ${title}`,
        found.multi && found.includeAll ? '' : 'is not for several values',
        found.allValue === all ? '' : `has something else than ${all} for All`,
      ].filter(Boolean);
    },
    spoils: [
      spoilt((found) => (found.datasource = { type: 'prometheus', uid: 'P1' })),
      spoilt((found) => (found.label = label)),
      spoilt((found) => (found.multi = false)),
      spoilt((found) => (found.allValue = '.')),
      spoilt((found) => (found.name = 'another')),
    ],
  };
}
