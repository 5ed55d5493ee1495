// The contents of a query, according to the parser of Prometheus's own user interface.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  label: string;
  operator: string;
  value: string;
}

export interface Selector {
  metric: string;
  matchers: Matcher[];
  // As written in the dashboard, without the brackets; undefined for an instant selector.
  range?: string;
  // The function or aggregation directly around the selector.
  taker?: string;
}

// Placeholders for Grafana's variables where PromQL requires a duration or a number; no dashboard uses these itself. A name
// that begins with another one precedes it.
const durations = new Map([
  ['$__rate_interval', '61001ms'],
  ['$__interval', '61002ms'],
  ['$__range_s', '61004'],
  ['$__range', '61003ms'],
]);

function parsable(expr: string): string {
  let text = expr.replace(/\$\{(\w+)\}/g, '$$$1');
  for (const [variable, duration] of durations) text = text.replaceAll(variable, duration);
  return text;
}

function written(duration: string): string {
  return [...durations].find(([, stand]) => stand === duration)?.[0] ?? duration;
}

function takerOf(node: SyntaxNode, text: string): string | undefined {
  // `x[5m] @ end()` is treated like x[5m].
  if (node.parent?.name === 'StepInvariantExpr') return takerOf(node.parent, text);
  if (node.parent?.name !== 'FunctionCallBody') return undefined;
  const call = node.parent.parent;
  const name = call?.getChild('FunctionIdentifier') ?? call?.getChild('AggregateOp');
  return name ? text.slice(name.from, name.to) : undefined;
}

function selector(node: SyntaxNode, text: string): Selector {
  const of = (part?: SyntaxNode | null) => (part ? text.slice(part.from, part.to) : '');
  const ranged = ['MatrixSelector', 'SubqueryExpr'].includes(node.parent?.name ?? '') ? node.parent : null;
  return {
    metric: of(node.getChild('Identifier')),
    matchers: (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => ({
      label: of(matcher.getChild('LabelName')),
      operator: of(matcher.getChild('MatchOp')),
      value: of(matcher.getChild('StringLiteral')).slice(1, -1),
    })),
    range: ranged ? written(of(ranged.getChild('DurationExpr'))) : undefined,
    taker: takerOf(ranged ?? node, text),
  };
}

// The results of `take` for every node of a query, in order. Throws a SyntaxError with the position if the query is
// invalid.
function walk<T>(expr: string, take: (node: SyntaxNode, text: string) => T | undefined): T[] {
  const text = parsable(expr);
  const found: T[] = [];
  parser.parse(text).iterate({
    enter({ node }) {
      if (node.type.isError) throw new SyntaxError(`no PromQL from "${text.slice(node.from)}" on: ${expr}`);
      const taken = take(node, text);
      if (taken !== undefined) found.push(taken);
    },
  });
  return found;
}

export function selectors(expr: string): Selector[] {
  return walk(expr, (node, text) => (node.name === 'VectorSelector' ? selector(node, text) : undefined));
}

// Every duration of a query: ranges, those of subqueries and their steps, offsets.
export function windows(expr: string): string[] {
  const durations = ['DurationExpr', 'OffsetDurationExpr'];
  return walk(expr, ({ name, from, to }, text) =>
    durations.includes(name) ? written(text.slice(from, to)) : undefined,
  );
}
