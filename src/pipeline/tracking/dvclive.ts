import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { folderWriter } from '../files/folders.ts';
import { explicitNumbers } from '../files/json.ts';
import type { JournalRecord, MetricsRecord, PredictionsRecord } from '../runs/journal/records.ts';
import { drawWrongPredictions } from './pictures.ts';
import type { OpenTracker } from './tracker.ts';

/** The `dvc.yaml` of `dvc metrics show` and `dvc plots show`. */
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
 * DVCLive's layout under `dvclive/` in the run's folder: the latest values in `metrics.json`, all values in
 * `plots/metrics/train/loss.tsv`, images of wrong predictions, and the confusion matrix of the last validation.
 */
export const openDvclive: OpenTracker = async (run, past) => {
  const folder = join(run.path, 'dvclive');
  const writeFile = folderWriter(folder);
  rmSync(folder, { recursive: true, force: true });
  writeFile('dvc.yaml', stringify(DVC_YAML));
  writeFile('params.yaml', stringify(run.configuration, { aliasDuplicateObjects: false }));

  const latest: Record<string, Record<string, number>> = {};
  const started = new Set<string>();
  const writeMetrics = ({ kind, step, metrics }: MetricsRecord): void => {
    for (const [metric, value] of Object.entries(metrics)) {
      const name = `plots/metrics/${kind}/${metric}.tsv`;
      if (!started.has(name)) writeFile(name, `step\t${metric}\n`);
      started.add(name);
      writeFile(name, `${step}\t${String(value)}\n`, 'a');
    }
    latest[kind] = { ...metrics };
    writeFile('metrics.json', `${JSON.stringify({ ...latest, step }, explicitNumbers, 4)}\n`);
  };
  const writePredictions = async (predictions: PredictionsRecord): Promise<void> => {
    const png = await drawWrongPredictions(run, predictions);
    if (png) writeFile(`plots/images/wrong_predictions/${predictions.step}.png`, png);
    writeFile('plots/sklearn/confusion_matrix.json', `${JSON.stringify(confusionRows(predictions))}\n`);
  };
  const write = async (record: JournalRecord): Promise<void> => {
    if ('metrics' in record) writeMetrics(record);
    if (record.kind === 'predictions') await writePredictions(record);
  };
  for (const record of past) await write(record);
  return { write };
};

/** One row an image: the template counts rows. */
function confusionRows({ confusion }: PredictionsRecord): { actual: string; predicted: string }[] {
  return confusion.flatMap((counts, actual) =>
    counts.flatMap((count, predicted) =>
      Array.from({ length: count }, () => ({ actual: String(actual), predicted: String(predicted) })),
    ),
  );
}
