import type { Config } from 'vega-lite';

/** What all figures have in common: sizes and greys that stay legible on white, in print and on a screen. */
export const THEME: Config = {
  title: { fontSize: 15, subtitleFontSize: 11, subtitleColor: '#555', anchor: 'start', offset: 12 },
  axis: { labelFontSize: 11, titleFontSize: 12, gridColor: '#e6e6e6', titlePadding: 8 },
  legend: { labelFontSize: 11, titleFontSize: 12, labelLimit: 300 },
  header: { labelFontSize: 12, titleFontSize: 12 },
  view: { stroke: '#ccc' },
};

/** The space around a figure, in pixels. */
export const PADDING = 16;

/** Ten colours that stay apart for eyes that confuse red and green, one a class. Source: Paul Tol's muted set. */
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
