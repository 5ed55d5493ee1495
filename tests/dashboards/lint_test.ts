// Every dashboard keeps every rule, and each rule can be broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './dashboards.js';
import { grafanaRules } from './grafana_rules.js';
import { ownRules } from './own_rules.js';
import { selectors, windows } from './promql.js';

const rules = [...grafanaRules, ...ownRules];

for (const rule of rules) {
  test(`every dashboard keeps: ${rule.name}`, () => {
    for (const file of load()) assert.deepEqual(rule.broken(file), [], file.name);
  });

  test(`finds a dashboard that breaks: ${rule.name}`, () => {
    for (const [index, spoil] of rule.spoils.entries()) {
      const found = load().filter((file) => {
        spoil(file);
        return rule.broken(file).length > 0;
      });
      assert.notEqual(found.length, 0, `way ${index + 1}`);
    }
  });
}

test('there are dashboards', () => {
  assert.deepEqual(load().map(({ name }) => name), ['detail', 'exporter', 'overview', 'read-only']);
});

test('a query is split into selectors, ranges and functions', () => {
  const rates = 'sum by (a) (rate(x_total{a!="1", b=~"$b"}[$__rate_interval]))';
  assert.deepEqual(
    selectors(`${rates} / max(y) > bool changes(z[\${__range}:1m])`),
    [
      {
        metric: 'x_total',
        matchers: [
          { label: 'a', operator: '!=', value: '1' },
          { label: 'b', operator: '=~', value: '$b' },
        ],
        range: '$__rate_interval',
        taker: 'rate',
      },
      { metric: 'y', matchers: [], range: undefined, taker: 'max' },
      { metric: 'z', matchers: [], range: '$__range', taker: 'changes' },
    ],
  );
  assert.equal(selectors('x > time() - $__range_s')[0].metric, 'x');
  assert.equal(selectors('topk(3, max_over_time(x[$__range] @ end()))')[0].taker, 'max_over_time');
  assert.deepEqual(windows('rate(x[$__rate_interval]) + max_over_time((y > 0)[1h:5m]) offset 2m'), [
    '$__rate_interval',
    '1h',
    '5m',
    '2m',
  ]);
  assert.throws(() => selectors('sum(x) by'), SyntaxError);
});
