// Every dashboard has exactly the shape that Grafana's SDK has types for.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { Ajv } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

import { load } from './dashboards.js';

// npm runs the tests in their folder. Names are not exposed, because several types of the SDK share a name.
const schema = createGenerator({
  path: join(process.cwd(), 'dashboard_shape.ts'),
  tsconfig: join(process.cwd(), 'tsconfig.json'),
  type: 'Dashboard',
  expose: 'none',
  topRef: false,
  additionalProperties: false,
  skipTypeCheck: true, // tsc has done it.
}).createSchema('Dashboard');
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

function errors(dashboard: unknown): string[] {
  validate(dashboard);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

for (const { name, dashboard } of load()) {
  test(`${name} has the shape of a dashboard`, () => assert.deepEqual(errors(dashboard), []));

  test(`${name} with another shape is found`, () => {
    const [panel] = dashboard.panels;
    const [target] = panel.targets;
    const { fieldConfig, options } = panel;
    for (const spoilt of [
      { panels: 'none' },
      { colour: 'red' },
      { panels: [{ ...panel, options: { ...options, colour: 'red' } }] },
      { panels: [{ ...panel, fieldConfig: { ...fieldConfig, defaults: { custom: { lineWidth: 'thin' } } } }] },
      { panels: [{ ...panel, targets: [{ ...target, expr: 1 }] }] },
    ]) {
      assert.notDeepEqual(errors({ ...dashboard, ...spoilt }), []);
    }
  });
}
