import type { TopLevelSpec } from 'vega-lite';
import { isMetrics } from './journal/records.ts';
import { differingKeys, resultText } from './list.ts';
import type { RunFacts } from './facts.ts';
import { duration } from '../text/numbers.ts';
import { cell, table } from '../text/table.ts';
import { cutTo } from '../text/width.ts';

/** Keys that differ between any two runs. */
const INCIDENTAL = /^(startedAt|commandLine|resumed)$/;
/** The most points of a curve: about one for each pixel. */
const POINTS = 400;

/** The differences between runs, and their results. */
export function compareText(runs: readonly RunFacts[]): string {
  const header = (title: string): string[] => [title, ...runs.map(({ id }) => id)];
  const rows = (part: 'configuration' | 'environment'): string[][] =>
    differingKeys(runs, part)
      .filter((key) => !INCIDENTAL.test(key))
      .map((key) => [`  ${key}`, ...runs.map((run) => cell(run[part][key]).slice(0, 60))]);
  const section = (title: string, body: string[][]): string =>
    body.length > 0 ? table(header(title), body) : `${title}: no differences`;
  const results = [
    ['  status', ...runs.map(({ status }) => status)],
    ...(runs.some(({ tags }) => tags.length > 0)
      ? [['  tags', ...runs.map(({ tags }) => tags.join(' ') || '–')]]
      : []),
    ...(runs.some(({ notes }) => notes !== '')
      ? [['  notes', ...runs.map(({ notes }) => cutTo(notes.replaceAll(/\s+/g, ' '), 60) || '–')]]
      : []),
    ['  accuracy', ...runs.map(resultText)],
    ['  epochs', ...runs.map(({ epochs }) => String(epochs))],
    ['  time', ...runs.map(({ seconds }) => duration(seconds))],
    ...finalMetrics(runs),
  ];
  return [
    section('configuration', rows('configuration')),
    section('environment', rows('environment')),
    table(header('results'), results),
  ].join('\n\n');
}

function finalMetrics(runs: readonly RunFacts[]): string[][] {
  const last = runs.map(
    (run) =>
      new Map(
        run.records
          .filter(isMetrics)
          .flatMap(({ kind, metrics }) =>
            Object.entries(metrics).map(([name, value]): [string, number] => [`${kind}/${name}`, value]),
          ),
      ),
  );
  const names = [...new Set(last.flatMap((values) => [...values.keys()]))];
  return names.map((name) => [`  ${name}`, ...last.map((values) => number(values.get(name)))]);
}

function number(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toPrecision(6)));
}

/** The metrics that curves show, and their units. */
const CURVES: Readonly<Record<string, string>> = {
  loss: 'nats',
  accuracy: 'share of images',
  reconstruction: 'nats',
  kl: 'nats',
};

/** Loss, accuracy and the terms of an autoencoder's loss over the epochs: training dashed, validation solid. */
export function compareFigure(runs: readonly RunFacts[]): TopLevelSpec {
  const orient = 'bottom' as const;
  const dashes = { validation: [1, 0], train: [4, 3] };
  const encoding = {
    x: { field: 'epoch', type: 'quantitative' as const, title: 'epochs trained' },
    color: {
      field: 'run',
      type: 'nominal' as const,
      title: 'run',
      scale: { domain: runs.map(({ id }) => id) },
      legend: { orient, columns: 1, labelLimit: 600 },
    },
    strokeDash: {
      field: 'data',
      type: 'nominal' as const,
      title: 'images',
      scale: { domain: Object.keys(dashes), range: Object.values(dashes) },
      legend: {
        orient,
        symbolType: 'stroke',
        symbolSize: 400,
        // Vega-Lite gives the symbols no colour where another channel has it.
        encoding: { symbols: { stroke: { value: '#444' } } },
      },
    },
  };
  const chart = (metric: string, unit: string) => ({
    width: 380,
    height: 280,
    title: `${metric} (${unit})`,
    transform: [{ filter: `datum.metric === '${metric}'` }],
    mark: { type: 'line' as const, point: { size: 12 }, strokeWidth: 1.5 },
    encoding: {
      ...encoding,
      y: { field: 'value', type: 'quantitative' as const, title: metric, scale: { zero: false } },
    },
  });
  const values = runs.flatMap(curves);
  const drawn = Object.keys(CURVES).filter((name) => values.some(({ metric }) => metric === name));
  return {
    title: { text: `Curves of ${runs.length} runs`, anchor: 'middle' },
    padding: 16,
    data: { values },
    hconcat: (drawn.length > 0 ? drawn : ['loss']).map((name) => chart(name, CURVES[name]!)),
  };
}

interface Point {
  readonly run: string;
  readonly data: string;
  readonly metric: string;
  readonly epoch: number;
  readonly value: number;
}

function curves({ id, records }: RunFacts): Point[] {
  const metrics = records.filter(isMetrics);
  // The number of steps of an epoch depends on the batch size.
  const whole = metrics.findLast(({ kind }) => kind === 'validation') ?? metrics.at(-1);
  const stepsPerEpoch = whole ? whole.step / whole.epoch || 1 : 1;
  return (['train', 'validation'] as const).flatMap((data) => {
    const all = metrics.filter(({ kind }) => kind === data);
    const stride = Math.ceil(all.length / POINTS);
    return all
      .filter((_, at) => at % stride === 0 || at === all.length - 1)
      .flatMap(({ step, metrics }) =>
        Object.keys(CURVES)
          .map((metric) => [metric, metrics[metric]] as const)
          .filter((entry): entry is [string, number] => Number.isFinite(entry[1]))
          .map(([metric, value]) => ({ run: id, data, metric, epoch: step / stepsPerEpoch, value })),
      );
  });
}
