// Draws dashboards from the responses of a Prometheus: text, units, colours and tables by Grafana's own code, the rest
// as similar to Grafana as possible without it. Writes NAME.html next to each given NAME.answers.
import './browser.js';

import { readFileSync, writeFileSync } from 'node:fs';

import type { FieldConfig } from '@grafana/data';

import type { Dashboard, Panel } from './dashboard_shape.js';
import { escaped, graph, heatmap, type Series, stat, type Times, timeline } from './drawing.js';
import { theme } from './shown.js';
import { tableHtml } from './table.js';

interface Answers extends Times {
  dashboard: Dashboard;
  answers: Record<string, Record<string, PrometheusSeries[]>>;
}

interface PrometheusSeries {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

const width = 1280;
const column = width / 24;
const row = 38;
const gap = 8;
const head = 56;

function named(legend: string | undefined, { metric }: PrometheusSeries): string {
  if (!legend) return Object.values(metric).join(' ') || 'value';
  const text = legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
  return text.replace(/ +/g, ' ').trim();
}

function matches({ id, options }: { id: string; options?: unknown }, name: string): boolean {
  if (id === 'byRegexp') return new RegExp(String(options).replace(/^\/|\/$/g, '')).test(name);
  return id === 'byName' && options === name;
}

// The configuration of a field of this name, including its overrides.
function configOf(panel: Panel, name: string): FieldConfig {
  const { defaults, overrides } = panel.fieldConfig;
  const config = structuredClone(defaults) as FieldConfig & Record<string, unknown>;
  for (const { matcher, properties } of overrides) {
    if (matches(matcher, name)) for (const { id, value } of properties) config[id] = value;
  }
  return config;
}

function seriesOf(panel: Panel, answers: Record<string, PrometheusSeries[]>): Series[] {
  return panel.targets.flatMap(({ refId = 'A', legendFormat }) =>
    (answers[refId] ?? []).map((one) => {
      const name = named(legendFormat, one);
      const points = (one.values ?? (one.value ? [one.value] : [])).map(([at, value]) => ({ at, value: Number(value) }));
      return { name, points, config: configOf(panel, name) };
    }),
  );
}

async function content(
  panel: Panel,
  answers: Record<string, PrometheusSeries[]>,
  times: Times,
  size: { width: number; height: number },
): Promise<string> {
  const series = seriesOf(panel, answers);
  switch (panel.type) {
    case 'stat':
      return stat(series, configOf(panel, ''), String((panel.options as { textMode?: string }).textMode ?? 'auto'), size);
    case 'timeseries':
      return graph(series, times, size);
    case 'state-timeline':
      return timeline(series, times, size);
    case 'heatmap':
      return heatmap(series, times, size);
    case 'table':
      return tableHtml(panel, answers, (name) => configOf(panel, name));
  }
}

async function page({ dashboard, answers, ...times }: Answers): Promise<string> {
  const { background, text, border } = theme.colors;
  const panels: string[] = [];
  let bottom = 0;
  for (const panel of dashboard.panels) {
    const at = panel.gridPos ?? { x: 0, y: 0, w: 24, h: 8 };
    const size = { width: at.w * column - gap, height: at.h * row - gap };
    bottom = Math.max(bottom, (at.y + at.h) * row);
    const drawn = await content(panel, answers[String(panel.id)] ?? {}, times, { ...size, height: size.height - 34 });
    panels.push(
      `<section style="left:${at.x * column + gap / 2}px;top:${head + at.y * row}px;width:${size.width}px;` +
        `height:${size.height}px"><h2>${escaped(String(panel.title))}</h2>${drawn}</section>`,
    );
  }
  return `<!DOCTYPE html><html data-height="${head + bottom + gap}"><meta charset="utf-8"><style>
* { box-sizing: border-box; margin: 0; }
body { position: relative; width: ${width}px; height: ${head + bottom + gap}px; background: ${background.canvas};
  color: ${text.primary}; font: 12px/1.5 Inter, Helvetica, Arial, sans-serif; }
h1 { font-size: 18px; font-weight: 500; padding: 14px ${gap}px; }
h2 { font-size: 14px; font-weight: 500; padding: 6px 8px; height: 34px; white-space: nowrap; overflow: hidden; }
section { position: absolute; background: ${background.primary}; border: 1px solid ${border.weak}; border-radius: 2px;
  overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: 4px 8px; border-bottom: 1px solid ${border.weak}; font-weight: 400; white-space: nowrap; }
th { color: ${theme.colors.primary.text}; font-weight: 500; }
.stats { display: flex; height: calc(100% - 34px); align-items: center; justify-content: space-around; text-align: center; }
.list { display: flex; flex-direction: column; height: calc(100% - 34px); justify-content: space-around; padding: 0 8px; }
.list p { display: flex; justify-content: space-between; align-items: center; gap: 8px; }
.list b, .list p { white-space: nowrap; }
.legend { padding: 0 8px; height: 20px; overflow: hidden; white-space: nowrap; color: ${text.secondary}; }
.legend i { display: inline-block; width: 14px; height: 4px; margin: 2px 5px 2px 0; border-radius: 2px; }
.legend span { margin-right: 12px; }
svg text { fill: ${text.secondary}; font-size: 11px; }
</style><body><h1>${escaped(String(dashboard.title))}</h1>${panels.join('')}</body></html>`;
}

for (const path of process.argv.slice(2)) {
  const answers = JSON.parse(readFileSync(path, 'utf8')) as Answers;
  void page(answers).then((html) => writeFileSync(path.replace(/\.answers$/, '.html'), html));
}
