// Panels other than tables, as SVG.
import type { FieldConfig } from '@grafana/data';

import { byThresholds, shown, theme } from './shown.js';

export interface Times {
  start: number;
  end: number;
}

export interface Series {
  name: string;
  points: { at: number; value: number }[];
  config: FieldConfig;
}

interface Size {
  width: number;
  height: number;
}

const left = 72;
const bottom = 22;
const legendHeight = 26;
const lines = 4;

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

// Like Grafana's palette by name: the same name always has the same colour.
function colorOf(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) | 0;
  const { palette } = theme.visualization;
  return theme.visualization.getColorByName(palette[Math.abs(hash) % palette.length]);
}

function legend(series: Series[], color: (one: Series) => string): string {
  const items = series.map((one) => `<span><i style="background:${color(one)}"></i>${escaped(one.name)}</span>`);
  return `<div class="legend">${items.join('')}</div>`;
}

// Several values with names are a list.
export function stat(series: Series[], config: FieldConfig, textMode: string, { height }: Size): string {
  if (textMode === 'value_and_name' && series.length > 1) {
    const rows = series.map(({ name, points, config: own }) => {
      const { text, color } = shown(byThresholds(own), points.at(-1)?.value);
      const size = Math.min(height / series.length / 2, 24);
      return `<p style="color:${color}">${escaped(name)}<b style="font-size:${size}px;font-weight:500">${escaped(text)}</b></p>`;
    });
    return `<div class="list">${rows.join('')}</div>`;
  }
  const items = series.map(({ name, points, config: own }) => {
    const { text, color } = shown(byThresholds(own), points.at(-1)?.value);
    const big = textMode === 'name' ? name : text;
    const size = Math.min(height / (textMode === 'value_and_name' ? 3 : 2), big.length > 9 ? 24 : 44);
    const below = textMode === 'value_and_name' ? `<div style="font-size:13px">${escaped(name)}</div>` : '';
    return `<div style="color:${color}"><b style="font-size:${size}px;font-weight:500">${escaped(big)}</b>${below}</div>`;
  });
  return `<div class="stats">${items.join('') || `<div>${escaped(config.noValue ?? 'No data')}</div>`}</div>`;
}

function clock(at: number): string {
  return new Date(at * 1000).toISOString().slice(11, 19);
}

function axisOfTime({ start, end }: Times, { width, height }: Size): string {
  const marks = [0.1, 0.35, 0.6, 0.85].map((share) => {
    const x = left + share * (width - left);
    return `<text x="${x}" y="${height - 6}" text-anchor="middle">${clock(start + share * (end - start))}</text>`;
  });
  return marks.join('');
}

function svg({ width, height }: Size, inside: string): string {
  return `<svg width="${width}" height="${height}">${inside}</svg>`;
}

// A round number for an axis: 1, 2 or 5, and zeros.
function roundUp(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10) * power;
}

export function graph(series: Series[], times: Times, size: Size): string {
  const plot = { width: size.width - 8, height: size.height - legendHeight };
  const finite = series.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  if (finite.length === 0) return '<div class="stats">no data</div>';
  const most = roundUp(Math.max(...finite));
  const x = (at: number) => left + ((at - times.start) / (times.end - times.start)) * (plot.width - left);
  const y = (value: number) => 6 + (1 - value / most) * (plot.height - bottom - 6);
  const grid = [...Array(lines + 1).keys()].map((line) => {
    const value = (most * line) / lines;
    const { text } = shown(series[0].config, value);
    return (
      `<path d="M${left} ${y(value)}H${plot.width}" stroke="${theme.colors.border.weak}"/>` +
      `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${escaped(text)}</text>`
    );
  });
  const drawn = series.map((one) => {
    const points = one.points.filter(({ value }) => Number.isFinite(value));
    const path = points.map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
    return `<path d="${path.join('')}" fill="none" stroke="${colorOf(one.name)}" stroke-width="1.2"/>`;
  });
  return svg(plot, grid.join('') + axisOfTime(times, plot) + drawn.join('')) + legend(series, (one) => colorOf(one.name));
}

export function timeline(series: Series[], times: Times, size: Size): string {
  const labels = 240;
  const plot = { width: size.width - 8, height: size.height };
  const rowHeight = (plot.height - bottom) / Math.max(series.length, 1);
  const x = (at: number) => labels + ((at - times.start) / (times.end - times.start)) * (plot.width - labels);
  const rows = series.map(({ name, points, config }, row) => {
    const y = row * rowHeight;
    const step = points.length > 1 ? points[1].at - points[0].at : 1;
    const cells = points.map(({ at, value }) => {
      const { color } = shown(config, value);
      const wide = x(at + step) - x(at) + 0.5;
      return `<rect x="${x(at)}" y="${y + rowHeight * 0.1}" width="${wide}" height="${rowHeight * 0.8}" fill="${color}"/>`;
    });
    return `<text x="${labels - 8}" y="${y + rowHeight / 2 + 4}" text-anchor="end">${escaped(name)}</text>${cells.join('')}`;
  });
  return svg(plot, rows.join('') + axisOfTime(times, plot));
}

// Each bucket shows its own count, without those of lower buckets.
export function heatmap(series: Series[], times: Times, size: Size): string {
  const plot = { width: size.width - 8, height: size.height };
  const bound = ({ name }: Series) => (name === '+Inf' ? Infinity : Number(name));
  const buckets = [...series].sort((a, b) => bound(a) - bound(b));
  const rowHeight = (plot.height - bottom) / Math.max(buckets.length, 1);
  const x = (at: number) => left + ((at - times.start) / (times.end - times.start)) * (plot.width - left);
  const below = new Map<number, number>();
  const cells = buckets.flatMap(({ points, name }, index) => {
    const y = plot.height - bottom - (index + 1) * rowHeight;
    const label = index % 4 === 0 ? `<text x="${left - 6}" y="${y + rowHeight}" text-anchor="end">${name} s</text>` : '';
    const step = points.length > 1 ? points[1].at - points[0].at : 1;
    const drawn = points.map(({ at, value }) => {
      const inside = value - (below.get(at) ?? 0);
      below.set(at, value);
      if (!(inside > 0)) return '';
      const opacity = Math.min(1, 0.25 + inside / 10).toFixed(2);
      const wide = x(at + step) - x(at) + 0.5;
      return `<rect x="${x(at)}" y="${y}" width="${wide}" height="${rowHeight}" fill="#ff9830" opacity="${opacity}"/>`;
    });
    return [label, ...drawn];
  });
  return svg(plot, cells.join('') + axisOfTime(times, plot));
}
