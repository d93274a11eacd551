import type { TopLevelSpec } from 'vega-lite';
import type { MetricsRecord } from '../../runs/journal/journal.ts';
import { figure, FIRST, nominal, quantitative, SECOND } from './theme.ts';

/** A metric over the epochs. */
export interface Panel {
  readonly metric: string;
  /** Its name and unit. */
  readonly title: string;
  /** From the journal's unit to that one. */
  readonly scale: number;
}

const CLASSIFIER: readonly Panel[] = [
  { metric: 'loss', title: 'cross-entropy (nats)', scale: 1 },
  { metric: 'accuracy', title: 'accuracy (%)', scale: 100 },
];

const LABELS = { train: 'training, while learning', validation: 'validation' } as const;

/** Metrics over the epochs, by default loss and accuracy: training readings as a line, validation as points. */
export function trainingCurves(
  journal: readonly MetricsRecord[],
  run: string,
  panels: readonly Panel[] = CLASSIFIER,
): TopLevelSpec {
  const last = journal.filter(({ kind }) => kind === 'train').at(-1);
  const stepsPerEpoch = last ? last.step / last.epoch : 1;
  const panel = ({ metric, title, scale }: Panel) => {
    const points = (['train', 'validation'] as const).flatMap((kind) =>
      journal
        .filter((record) => record.kind === kind && Number.isFinite(record.metrics[metric]))
        .map(({ step, metrics }) => ({
          part: LABELS[kind],
          epoch: step / stepsPerEpoch,
          value: scale * metrics[metric]!,
        })),
    );
    const encoding = {
      x: quantitative('epoch', { title: 'epoch', axis: { tickMinStep: 1 } }),
      y: quantitative('value', { title, scale: { zero: false } }),
      color: nominal('part', {
        title: null,
        scale: { domain: Object.values(LABELS), range: [FIRST, SECOND] },
        legend: { orient: 'top' as const },
      }),
    };
    return {
      width: 360,
      height: 260,
      data: { values: points },
      layer: [
        { mark: { type: 'line' as const, strokeWidth: 1.2 }, encoding },
        {
          transform: [{ filter: `datum.part === '${LABELS.validation}'` }],
          mark: { type: 'point' as const, filled: true, size: 36, opacity: 1 },
          encoding,
        },
      ],
    };
  };
  return figure('Training', run, { hconcat: panels.map(panel) });
}
