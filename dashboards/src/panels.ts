// The panels that all dashboards share the look of. A description says what a rise means.
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import { datasource } from './datasource';
import { noData } from './route';

export interface Panel {
  title: string;
  description: string;
  unit: string;
  width: number;
  height: number;
}

interface PanelBuilder<T> {
  title(title: string): T;
  description(description: string): T;
  unit(unit: string): T;
  span(width: number): T;
  height(height: number): T;
  datasource(ref: typeof datasource): T;
}

export function describe<T extends PanelBuilder<T>>(builder: T, panel: Panel): T {
  return builder
    .title(panel.title)
    .description(panel.description)
    .unit(panel.unit)
    .span(panel.width)
    .height(panel.height)
    .datasource(datasource);
}

export function steps(...steps: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

export const legend = new VizLegendOptionsBuilder()
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom)
  .showLegend(true);

const tooltip = new VizTooltipOptionsBuilder()
  .mode(TooltipDisplayMode.Multi)
  .sort(SortOrder.Descending);

// One number, coloured by its thresholds.
export function number(panel: Panel, thresholds: ThresholdsConfigBuilder): stat.PanelBuilder {
  return describe(new stat.PanelBuilder(), panel)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .thresholds(thresholds)
    .mappings([noData('no data')])
    .noValue('no data');
}

// A number of each series with its name, coloured by its thresholds; several in a list, so that long names can be read.
export function named(panel: Panel, thresholds: ThresholdsConfigBuilder): stat.PanelBuilder {
  return number(panel, thresholds)
    .textMode(BigValueTextMode.ValueAndName)
    .orientation(VizOrientation.Horizontal);
}

// Lines over time, from 0 on.
export function graph(panel: Panel): timeseries.PanelBuilder {
  return describe(new timeseries.PanelBuilder(), panel)
    .min(0)
    .lineWidth(1)
    .fillOpacity(10)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(legend)
    .tooltip(tooltip)
    .noValue('no data');
}
