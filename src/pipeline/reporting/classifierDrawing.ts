import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { measure } from '../evaluation/measures/measure.ts';
import { predict } from '../evaluation/predictions.ts';
import { EVALUATION_FILE, readEvaluation } from '../evaluation/report/report.ts';
import { readJournal } from '../runs/journal/journal.ts';
import { percent } from '../text/numbers.ts';
import { shellWord } from '../text/shellWord.ts';
import type { Drawing, ReportedRun } from './drawing.ts';
import { mapsOf, penultimateFeatures } from './embedding.ts';
import { type FigureData, runFigures } from './figures/runFigures.ts';

/** The figures of a classifier, and its accuracy and calibration. */
export async function classifierDrawing(run: ReportedRun): Promise<Drawing> {
  const { path, configuration, model, weightsSha256, test, rows, say } = run;
  const { train, test: bytes, description } = test.data;
  const evaluated = existsSync(join(path, EVALUATION_FILE))
    ? await readEvaluation(join(path, EVALUATION_FILE))
    : undefined;
  const current = evaluated?.weightsSha256 === weightsSha256 ? evaluated : undefined;
  const [weight] = model.parameters();
  if (!weight) throw new WgradError(`${path}: the model has no weights`);
  say('penultimate layer: features and principal components');
  const features = await penultimateFeatures(model, { set: test.set, rows });
  const measures: FigureData['measures'] =
    current ?? measure(await predict(model, test), description.classes);
  const figures = runFigures({
    run: basename(path),
    journal: readJournal(join(path, 'metrics.jsonl')),
    measures,
    description,
    train,
    test: bytes,
    weight: { values: await weight.data(), shape: weight.shape },
    embedding: {
      maps: await mapsOf(features, configuration.seed, (text) => say(`penultimate layer: ${text}`)),
      labels: Array.from(rows, (row) => bytes.labels[row]!),
      classes: description.classes,
      features: features[0]!.length,
    },
  });
  const command = `npx tsx src/evaluate.ts ${shellWord(path)} --robustness`;
  return {
    figures,
    headline: [
      ['test accuracy', percent(measures.accuracy)],
      ['expected calibration error', percent(measures.ece)],
    ],
    ...(!measures.robustness && { note: `accuracy under corruptions; ${command} measures it` }),
  };
}
