import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { makeFolders } from '../files/folders.ts';
import { explicitNumbers } from '../files/json.ts';
import type { JournalRecord, MetricsRecord, PredictionsRecord } from '../runs/journal/records.ts';
import { drawWrongPredictions } from './pictures.ts';
import type { OpenTracker } from './tracker.ts';

/** What `dvc metrics show` and `dvc plots show` read, beside the files that it names. */
const DVC_YAML = {
  params: ['params.yaml'],
  metrics: ['metrics.json'],
  plots: [
    { 'plots/metrics': { x: 'step' } },
    'plots/images',
    {
      'plots/sklearn/confusion_matrix.json': {
        template: 'confusion',
        x: 'predicted',
        y: 'actual',
        x_label: 'Predicted',
        y_label: 'Actual',
        title: 'Validation images',
      },
    },
  ],
};

/**
 * DVCLive's layout under `dvclive/` in the run's folder: the latest values in `metrics.json`, their course in
 * `plots/metrics/train/loss.tsv`, images of wrong predictions, and the confusion matrix of the last validation.
 */
export const openDvclive: OpenTracker = async (run, past) => {
  const folder = join(run.path, 'dvclive');
  const write = (name: string, content: string | Uint8Array): void => {
    const path = join(folder, ...name.split('/'));
    makeFolders(dirname(path));
    writeFileSync(path, content);
  };
  rmSync(folder, { recursive: true, force: true });
  write('dvc.yaml', stringify(DVC_YAML));
  write('params.yaml', stringify(run.configuration, { aliasDuplicateObjects: false }));

  const latest: Record<string, Record<string, number>> = {};
  const started = new Set<string>();
  const recordMetrics = ({ kind, step, metrics }: MetricsRecord): void => {
    for (const [metric, value] of Object.entries(metrics)) {
      const name = `plots/metrics/${kind}/${metric}.tsv`;
      if (!started.has(name)) write(name, `step\t${metric}\n`);
      started.add(name);
      appendFileSync(join(folder, name), `${step}\t${String(value)}\n`);
    }
    latest[kind] = { ...metrics };
    write('metrics.json', `${JSON.stringify({ ...latest, step }, explicitNumbers, 4)}\n`);
  };
  const recordPredictions = async (predictions: PredictionsRecord): Promise<void> => {
    const png = await drawWrongPredictions(run, predictions);
    if (png) write(`plots/images/wrong_predictions/${predictions.step}.png`, png);
    write('plots/sklearn/confusion_matrix.json', `${JSON.stringify(confusionRows(predictions))}\n`);
  };
  const record = async (one: JournalRecord): Promise<void> => {
    if ('metrics' in one) recordMetrics(one);
    if (one.kind === 'predictions') await recordPredictions(one);
  };
  for (const one of past) await record(one);
  return { record, close: () => undefined };
};

/** One row an image, since the template counts them. */
function confusionRows({ confusion }: PredictionsRecord): { actual: string; predicted: string }[] {
  return confusion.flatMap((counts, actual) =>
    counts.flatMap((count, predicted) =>
      Array.from({ length: count }, () => ({ actual: String(actual), predicted: String(predicted) })),
    ),
  );
}
