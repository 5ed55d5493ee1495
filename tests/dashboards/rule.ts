// What a rule of the dashboards is, and what most of them are made of.
import { type File, targets } from './dashboards.js';
import type { Target } from './dashboard_shape.js';
import { type Selector, selectors } from './promql.js';

// Something that holds of every dashboard.
export interface Rule {
  name: string;
  // What breaks it, in words; nothing if it holds.
  broken(file: File): string[];
  // Breaks it in one place, which a test that can fail must find.
  spoil(file: File): void;
}

export const counter = /_(total|bucket|sum|count)$/;

export function understood(expr: string): boolean {
  try {
    return selectors(expr).length > 0;
  } catch {
    return false;
  }
}

// A query that is none is the matter of another rule.
function selectorsOf(target: Target): Selector[] {
  return understood(target.expr) ? selectors(target.expr) : [];
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
    spoil: ({ dashboard }) => {
      const found = targets(dashboard).find(({ target }) => spoilable(target.expr));
      if (found) found.target.expr = spoil(found.target.expr);
    },
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

export function narrowedBy(label: string, { matchers }: Selector): boolean {
  return matchers.some(
    (matcher) => matcher.label === label && matcher.operator === '=~' && matcher.value === `$${label}`,
  );
}
