import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import '../../ops/methods.ts';
import { init, type InitOptions } from '../../tensor/device.ts';
import { hashWeights } from '../checkpoint/checkpoint.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { openTestPart } from '../data/datasets.ts';
import { subset } from '../data/split.ts';
import { measure } from '../evaluation/measures/measure.ts';
import { predict } from '../evaluation/predictions.ts';
import { EVALUATION_FILE, readEvaluation } from '../evaluation/report/report.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { tryReadJson } from '../files/json.ts';
import { readJournal } from '../runs/journal/journal.ts';
import { openRun } from '../runs/open.ts';
import { percent, thousands } from '../text/numbers.ts';
import { shellWord } from '../text/shellWord.ts';
import { neighbourMap, neighboursAmong, penultimateFeatures, principalComponents } from './embedding.ts';
import { type FigureData, runFigures } from './figures/runFigures.ts';
import { writeFigure } from './figures/write.ts';
import { recordFigures } from './published.ts';
import { flatten, type PageFigure, renderPage } from './page/page.ts';

export interface RunReportOptions {
  /** Where `figures/` and the page are written; undefined: into the run's folder. */
  readonly reports: string | undefined;
  /** As `init` takes it. */
  readonly tuning: NonNullable<InitOptions['tuning']>;
  /** Test images on the map of the penultimate layer. */
  readonly images: number;
  /** Told of each step. */
  readonly say: (line: string) => void;
}

/** The files of a report. */
export interface WrittenReport {
  readonly page: string;
  /** Without `.svg` and `.png`. */
  readonly figures: readonly string[];
}

/**
 * Draws all figures of a run, and one page with them and the run's records. Figures that an earlier report left in the
 * folder, and that this run does not have, are removed.
 *
 * @param path the run's folder
 * @throws FileError where a record is missing, WgradError where the model has no weights
 */
export async function reportRun(path: string, options: RunReportOptions): Promise<WrittenReport> {
  const { reports = path, say } = options;
  const run = basename(path);
  const { facts, weightsSha256 } = await collect(path, options);
  const drawn: PageFigure[] = [];
  const stems: string[] = [];
  for (const { name, title, specification } of runFigures(facts)) {
    const stem = join(reports, 'figures', name);
    if (specification === undefined) {
      for (const end of ['svg', 'png']) await rm(`${stem}.${end}`, { force: true });
      continue;
    }
    stems.push(stem);
    drawn.push({ title, svg: await writeFigure(stem, specification) });
    say(`${stem}.svg and .png`);
  }
  if (options.reports !== undefined) await recordFigures(path, join(reports, 'figures'), weightsSha256);
  const page = join(reports, options.reports === undefined ? 'report.html' : `${run}.html`);
  await writeFileAtomic(page, await gatherPage(path, facts, drawn));
  say(`${page}: all of it on one page`);
  if (!facts.measures.robustness) {
    const command = `npx tsx src/evaluate.ts ${shellWord(path)} --robustness`;
    say(`left out: accuracy under corruptions; ${command} measures it`);
  }
  return { page, figures: stems };
}

async function collect(
  path: string,
  { images, say, tuning }: RunReportOptions,
): Promise<{ facts: FigureData; weightsSha256: string }> {
  const recorded = loadConfiguration(join(path, 'config.yaml'));
  const device = await init(recorded.device === 'cpu' ? 'cpu' : 'auto', { tuning });
  try {
    const { model, configuration, data: description } = await openRun('', path);
    const test = await openTestPart(configuration, description, device, new AbortController().signal);
    const bytes = test.data;
    const evaluated = existsSync(join(path, EVALUATION_FILE))
      ? await readEvaluation(join(path, EVALUATION_FILE))
      : undefined;
    const weightsSha256 = await hashWeights(model);
    const current = evaluated?.weightsSha256 === weightsSha256 ? evaluated : undefined;
    const [weight] = model.parameters();
    if (!weight) throw new WgradError(`${path}: the model has no weights`);

    if (test.rows.length < 2 || images < 2) {
      throw new WgradError(`${path}: a map of images takes two test images or more`);
    }
    say('penultimate layer: features and principal components');
    const rows = subset(bytes.test.labels, Math.min(images, test.rows.length), configuration.seed, test.rows);
    const features = await penultimateFeatures(model, { set: test.set, rows });
    const components = principalComponents(features);
    const neighbours = await neighbourMap(features, configuration.seed, (share) => {
      say(`penultimate layer: map of neighbours, ${Math.round(100 * share)} %`);
    });
    const [first, second] = components.variance.map((share) => (100 * share).toFixed(0));
    const facts: FigureData = {
      run: basename(path),
      journal: readJournal(join(path, 'metrics.jsonl')),
      measures: current ?? measure(await predict(model, test), description.classes),
      description,
      train: bytes.train,
      test: bytes.test,
      weight: { values: await weight.data(), shape: weight.shape },
      embedding: {
        maps: [
          { title: `PCA (${first} % and ${second} % of the variance)`, points: components.points },
          { title: `UMAP (${neighboursAmong(rows.length)} neighbours)`, points: neighbours },
        ],
        labels: Array.from(rows, (row) => bytes.test.labels[row]!),
        classes: description.classes,
        features: features[0]!.length,
      },
    };
    return { facts, weightsSha256 };
  } finally {
    device.destroy();
  }
}

async function gatherPage(
  path: string,
  { run, measures }: FigureData,
  figures: readonly PageFigure[],
): Promise<string> {
  const json = async (name: string): Promise<Record<string, unknown>> =>
    (await tryReadJson(join(path, name))) ?? {};
  const { dataChecksums, ...environment } = await json('environment.json');
  const summary = await json('summary.json');
  return renderPage({
    run,
    headline: [
      ['test accuracy', percent(measures.accuracy)],
      ['expected calibration error', percent(measures.ece)],
      ['parameters', thousands(Number(summary['parameterCount'] ?? NaN))],
      ['training', `${Math.round(Number(summary['seconds'] ?? NaN))} s`],
    ],
    configuration: await readFile(join(path, 'config.yaml'), 'utf8'),
    tables: [
      { title: 'Result', rows: flatten(summary) },
      { title: 'Data version', rows: flatten(dataChecksums ?? {}) },
      { title: 'Environment', rows: flatten(environment) },
    ],
    figures,
  });
}
