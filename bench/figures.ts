import type { TopLevelSpec } from 'vega-lite';
import { CLASS_COLOURS, PADDING, THEME } from '../src/pipeline/reporting/figures/theme.ts';
import { BROWSER_CONTENDERS, CONTENDERS } from './contenders/list.ts';
import type { BenchResult } from './results.ts';
import { ourBest } from './table.ts';
import type { TrainingWorkload } from './workloads.ts';

/** A figure, and the end of its files' names. */
export interface BenchFigure {
  readonly name: string;
  readonly specification: TopLevelSpec;
}

/** A time that counts. */
interface Point {
  readonly workload: string;
  readonly contender: string;
  readonly milliseconds: number;
  readonly ratio: number;
  readonly samplesPerSecond: number;
  readonly training?: TrainingWorkload;
}

/** Figures of all that was measured; those without points are left out. */
export function benchFigures(result: BenchResult): BenchFigure[] {
  const points = pointsOf(result);
  const { cpu, cores } = result.machine;
  const where = [result.versions.browser, `${cpu}, ${cores} cores`, result.startedAt.slice(0, 10)];
  const machine = where.filter((part) => part !== undefined).join('; ');
  const figures = [
    { name: 'ratios', points, draw: ratios },
    { name: 'training', points: points.filter(({ training }) => training !== undefined), draw: rates },
    { name: 'growth', points: grown(points), draw: growth },
  ];
  return figures
    .filter((figure) => figure.points.length > 0)
    .map(({ name, points: shown, draw }) => ({ name, specification: draw(shown, machine) }));
}

function pointsOf({ results, participants }: BenchResult): Point[] {
  const labels = new Map(participants.map(({ name, label }) => [name, label]));
  return results.flatMap(({ workload, measurements }) => {
    const ours = ourBest(measurements)?.milliseconds?.median;
    return measurements.flatMap(({ contender, milliseconds, failure }) => {
      if (!milliseconds || failure !== undefined) return [];
      const training = workload.kind === 'training' ? workload : undefined;
      return [
        {
          workload: workload.name,
          contender: labels.get(contender) ?? contender,
          milliseconds: milliseconds.median,
          ratio: milliseconds.median / (ours ?? NaN),
          samplesPerSecond: (1000 * (training?.batch ?? NaN)) / milliseconds.median,
          ...(training && { training }),
        },
      ];
    });
  });
}

/** Training steps at sizes other than the usual: a panel for each network and what grows. */
function grown(points: readonly Point[]): Point[] {
  const sizes = new Set(points.flatMap(({ training }) => (training ? [training.batch] : [])));
  return sizes.size > 2 ? points.filter(({ training }) => training !== undefined) : [];
}

const LABELS = [...new Set([...CONTENDERS, ...BROWSER_CONTENDERS].map(({ label }) => label))];
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'];

/** Every contender's place among `count`: its own, or the next that no other one shown has, if there is one. */
function placesOf(shown: readonly string[], count: number): number[] {
  const places: number[] = [];
  for (const label of shown) {
    let place = LABELS.indexOf(label) % count;
    if (shown.length <= count) while (places.includes(place)) place = (place + 1) % count;
    places.push(place);
  }
  return places;
}

/** One colour and shape a contender, the same in all figures. */
function byContender(present: readonly Point[]) {
  const shown = LABELS.filter((label) => present.some(({ contender }) => contender === label));
  const encoding = { field: 'contender', type: 'nominal' as const, title: null, sort: shown };
  return {
    color: {
      ...encoding,
      scale: {
        domain: shown,
        range: placesOf(shown, CLASS_COLOURS.length).map((place) => CLASS_COLOURS[place]!),
      },
    },
    shape: {
      ...encoding,
      scale: { domain: shown, range: placesOf(shown, SHAPES.length).map((place) => SHAPES[place]!) },
    },
  };
}

function ratios(points: readonly Point[], machine: string): TopLevelSpec {
  const values = points.filter(({ ratio }) => Number.isFinite(ratio));
  return {
    title: { text: 'Time beside wgrad’s best', subtitle: `less is faster; medians; ${machine}` },
    padding: PADDING,
    config: THEME,
    width: 520,
    height: { step: 22 },
    data: { values: values.map(({ workload, contender, ratio }) => ({ workload, contender, ratio })) },
    mark: { type: 'point', filled: true, size: 70, opacity: 0.85 },
    encoding: {
      x: {
        field: 'ratio',
        type: 'quantitative',
        title: 'time ÷ time of wgrad’s faster backend',
        scale: { type: 'log' },
      },
      y: {
        field: 'workload',
        type: 'nominal',
        title: null,
        sort: [...new Set(values.map(({ workload }) => workload))],
        axis: { labelLimit: 400, grid: true },
      },
      ...byContender(values),
    },
  };
}

function rates(points: readonly Point[], machine: string): TopLevelSpec {
  return {
    title: { text: 'Training', subtitle: `forward, backward and Adam; medians; ${machine}` },
    padding: PADDING,
    config: THEME,
    width: 520,
    height: { step: 34 },
    data: {
      values: points.map(({ workload, contender, samplesPerSecond }) => ({
        workload,
        contender,
        samplesPerSecond,
      })),
    },
    mark: { type: 'point', filled: true, size: 90, opacity: 0.85 },
    encoding: {
      x: { field: 'samplesPerSecond', type: 'quantitative', title: 'samples/s', scale: { type: 'log' } },
      y: {
        field: 'workload',
        type: 'nominal',
        title: null,
        sort: [...new Set(points.map(({ workload }) => workload))],
        axis: { labelLimit: 400, grid: true },
      },
      ...byContender(points),
    },
  };
}

function growth(points: readonly Point[], machine: string): TopLevelSpec {
  const panels = [
    {
      title: 'MLP by batch',
      size: 'batch',
      admit: ({ network, width }: TrainingWorkload) => network === 'mlp' && width === 256,
    },
    {
      title: 'MLP by width',
      size: 'width',
      admit: ({ network, batch }: TrainingWorkload) => network === 'mlp' && batch === 128,
    },
    { title: 'CNN by batch', size: 'batch', admit: ({ network }: TrainingWorkload) => network === 'cnn' },
  ] as const;
  const { color } = byContender(points);
  const { domain } = color.scale;
  // There are more contenders than colours: dashes tell lines of one colour apart.
  const range = domain.map((label) => (LABELS.indexOf(label) < CLASS_COLOURS.length ? [1, 0] : [6, 3]));
  return {
    title: { text: 'Cost of a training step', subtitle: `medians; ${machine}` },
    padding: PADDING,
    config: THEME,
    hconcat: panels.map(({ title, size, admit }) => {
      const shown = points.filter(({ training }) => training && admit(training));
      return {
        title: { text: title, fontSize: 12 },
        width: 240,
        height: 260,
        data: {
          values: shown.map(({ contender, milliseconds, training }) => ({
            contender,
            milliseconds,
            size: training![size],
          })),
        },
        mark: { type: 'line' as const, point: true },
        encoding: {
          x: {
            field: 'size',
            type: 'quantitative' as const,
            title: size,
            scale: { type: 'log' as const, base: 2 },
          },
          y: {
            field: 'milliseconds',
            type: 'quantitative' as const,
            title: 'milliseconds a step',
            scale: { type: 'log' as const },
          },
          color,
          strokeDash: { ...color, scale: { domain, range } },
        },
      };
    }),
  };
}
