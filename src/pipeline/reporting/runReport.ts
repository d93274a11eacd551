import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { init, type InitOptions } from '../../tensor/device.ts';
import { hashWeights } from '../checkpoint/checkpoint.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { taskOf } from '../config/task.ts';
import { openTestPart } from '../data/datasets.ts';
import { subset } from '../data/split.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { tryReadJson } from '../files/json.ts';
import { openRun } from '../runs/open.ts';
import { thousands } from '../text/numbers.ts';
import { autoencoderDrawing } from './autoencoderDrawing.ts';
import { classifierDrawing } from './classifierDrawing.ts';
import type { Drawing } from './drawing.ts';
import { writeFigure } from './figures/write.ts';
import { recordFigures } from './published.ts';
import { flatten, type PageFigure, renderPage } from './page/page.ts';

/** What draws the figures of a task. */
const DRAWINGS = { classification: classifierDrawing, reconstruction: autoencoderDrawing };

/** The figures that not every run has. */
const OCCASIONAL = [
  'confusion-matrix',
  'reliability',
  'corruptions',
  'mistakes',
  'first-layer',
  'embedding',
  'reconstructions',
  'samples',
];

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
  const { drawing, weightsSha256 } = await collect(path, options);
  const folder = join(reports, 'figures');
  const drawn: PageFigure[] = [];
  const stems: string[] = [];
  for (const { name, title, specification } of drawing.figures) {
    if (specification === undefined) continue;
    const stem = join(folder, name);
    stems.push(stem);
    drawn.push({ title, svg: await writeFigure(stem, specification) });
    say(`${stem}.svg and .png`);
  }
  for (const stem of OCCASIONAL.map((name) => join(folder, name)).filter((stem) => !stems.includes(stem))) {
    for (const end of ['svg', 'png']) await rm(`${stem}.${end}`, { force: true });
  }
  if (options.reports !== undefined) await recordFigures(path, folder, weightsSha256);
  const page = join(reports, options.reports === undefined ? 'report.html' : `${run}.html`);
  await writeFileAtomic(page, await gatherPage(path, drawing, drawn));
  say(`${page}: all of it on one page`);
  if (drawing.note !== undefined) say(`left out: ${drawing.note}`);
  return { page, figures: stems };
}

async function collect(
  path: string,
  { images, say, tuning }: RunReportOptions,
): Promise<{ drawing: Drawing; weightsSha256: string }> {
  const recorded = loadConfiguration(join(path, 'config.yaml'));
  const device = await init(recorded.device === 'cpu' ? 'cpu' : 'auto', { tuning });
  try {
    const { model, configuration, data: description } = await openRun('', path);
    const test = await openTestPart(configuration, description, device, new AbortController().signal);
    if (test.rows.length < 2 || images < 2) {
      throw new WgradError(`${path}: a map of images takes two test images or more`);
    }
    const { labels } = test.data.test;
    const rows = subset(labels, Math.min(images, test.rows.length), configuration.seed, test.rows);
    const weightsSha256 = await hashWeights(model);
    const draw = DRAWINGS[taskOf(configuration.model)];
    const drawing = await draw({ path, configuration, model, weightsSha256, test, rows, say });
    return { drawing, weightsSha256 };
  } finally {
    device.destroy();
  }
}

async function gatherPage(
  path: string,
  { headline }: Drawing,
  figures: readonly PageFigure[],
): Promise<string> {
  const json = async (name: string): Promise<Record<string, unknown>> =>
    (await tryReadJson(join(path, name))) ?? {};
  const { dataChecksums, ...environment } = await json('environment.json');
  const summary = await json('summary.json');
  return renderPage({
    run: basename(path),
    headline: [
      ...headline,
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
