import type { Config, TopLevelSpec } from 'vega-lite';

/** Sizes and greys of all figures: legible on white, in print and on a screen. */
export const THEME: Config = {
  title: { fontSize: 15, subtitleFontSize: 11, subtitleColor: '#555', anchor: 'start', offset: 12 },
  axis: { labelFontSize: 11, titleFontSize: 12, gridColor: '#e6e6e6', titlePadding: 8 },
  legend: { labelFontSize: 11, titleFontSize: 12, labelLimit: 300 },
  header: { labelFontSize: 12, titleFontSize: 12 },
  view: { stroke: '#ccc' },
};

/** The space around a figure, in pixels. */
export const PADDING = 16;

/** Ten colours that eyes which confuse red and green can tell apart. Source: Paul Tol's muted set. */
export const CLASS_COLOURS: readonly string[] = [
  '#332288',
  '#88ccee',
  '#44aa99',
  '#117733',
  '#999933',
  '#ddcc77',
  '#cc6677',
  '#882255',
  '#aa4499',
  '#444444',
];

/** Colours of two series that are compared. */
export const FIRST = '#332288';
export const SECOND = '#cc6677';

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** A figure with title, subtitle, padding and theme. */
export function figure(
  text: string,
  subtitle: string | string[],
  content: Without<TopLevelSpec, 'title' | 'padding' | 'config'>,
  config: Config = THEME,
): TopLevelSpec {
  return { title: { text, subtitle }, padding: PADDING, config, ...content };
}

/** A numeric channel. */
export function quantitative<T extends object>(
  field: string,
  options: T,
): T & { field: string; type: 'quantitative' } {
  return { field, type: 'quantitative', ...options };
}

/** A channel of names. */
export function nominal<T extends object>(field: string, options: T): T & { field: string; type: 'nominal' } {
  return { field, type: 'nominal', ...options };
}
