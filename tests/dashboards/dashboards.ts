// The committed dashboards and their contents.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Dashboard, Panel, Target } from './dashboard_shape.js';

export interface File {
  // Without its extension.
  name: string;
  dashboard: Dashboard;
}

// npm runs the tests in their folder.
const folder = join(process.cwd(), '../../dashboards/json');

// Parsed at each call, so that a test that breaks one dashboard does not affect other tests.
export function load(): File[] {
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      name: name.replace(/\.json$/, ''),
      dashboard: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard,
    }));
}

export function targets(dashboard: Dashboard): { panel: Panel; target: Target }[] {
  return dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((target) => ({ panel, target })));
}

export type Variable = NonNullable<Dashboard['templating']['list']>[number];

export function variable(dashboard: Dashboard, name: string): Variable | undefined {
  return variables(dashboard).find((one) => one.name === name);
}

export function variables(dashboard: Dashboard): Variable[] {
  return dashboard.templating.list ?? [];
}

export function queryVariables(dashboard: Dashboard): Variable[] {
  return variables(dashboard).filter((one) => one.type === 'query');
}

export function hidden(one: Variable): boolean {
  return one.hide === 2;
}

// The expression of a variable whose values are taken from the result of a query.
export function queryResult(query: unknown): string | undefined {
  return /^query_result\((.+)\)$/.exec(String(query))?.[1];
}

// The selector and the label of a variable that lists the values of a label.
export function labelValues(query: unknown): { selector: string; label: string } | undefined {
  const match = /^label_values\((.+),\s*(\w+)\)$/.exec(String(query));
  return match ? { selector: match[1], label: match[2] } : undefined;
}

// Every unit and every list of value mappings set by a panel or one of its overrides.
export function settings<T>(panel: Panel, key: 'unit' | 'mappings'): T[] {
  const { defaults, overrides } = panel.fieldConfig;
  const overridden = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === key));
  return [defaults[key], ...overridden.map(({ value }) => value)].filter((value) => value !== undefined) as T[];
}
