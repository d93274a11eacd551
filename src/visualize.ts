/** The command that draws the figures of a run: see HELP. */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { storedChoices } from './pipeline/diagnostics/tuning/stored.ts';
import { WgradError } from './backend/errors.ts';
import { CLASS_NAMES, loadFashionMnist } from './pipeline/data/fashionMnist.ts';
import { makeFolders } from './pipeline/files/folders.ts';
import { subset } from './pipeline/data/split.ts';
import { writeFileAtomic } from './pipeline/files/atomicFile.ts';
import { hashWeights } from './pipeline/checkpoint/checkpoint.ts';
import { parseCommandLine, runCommand, takeRun, UsageError } from './pipeline/cli/commandLine.ts';
import { loadConfiguration } from './pipeline/config/configuration.ts';
import { openTestPart } from './pipeline/data/datasets.ts';
import { neighbourMap, penultimateFeatures, principalComponents } from './pipeline/reporting/embedding.ts';
import { measure } from './pipeline/evaluation/measures/measure.ts';
import { EVALUATION_FILE, readEvaluation } from './pipeline/evaluation/report/report.ts';
import { renderFigure } from './pipeline/reporting/figures/render.ts';
import { type FigureData, runFigures } from './pipeline/reporting/figures/runFigures.ts';
import { readJournal } from './pipeline/runs/journal/journal.ts';
import { openRun } from './pipeline/runs/open.ts';
import { predict } from './pipeline/evaluation/predictions.ts';
import { flatten, type PageFigure, renderPage } from './pipeline/reporting/page/page.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import './ops/methods.ts';
import { init } from './tensor/device.ts';

const HELP = `usage: npx tsx src/visualize.ts <run> [options]

Draws the figures of a run, each as SVG and PNG: training curves, confusion matrix, reliability diagram, accuracy under
corruptions (where src/evaluate.ts --robustness measured it), confident mistakes, weights of the first layer, a map of
the penultimate layer, samples of each class. One page gathers them with configuration, environment and data version;
it needs no network. The run is latest, an id, or a folder.

options
  --root <folder>     where runs are looked up (default runs)
  --reports <folder>  where figures/ and the page are written (default reports)
  --images <n>        test images on the map of the penultimate layer (default 2000)
  --help              print this

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const reference = takeRun(positionals);
  if (!/^[1-9]\d{1,4}$/.test(values.images)) {
    throw new UsageError(`--images takes a whole number from 10 to 99999, got ${values.images}`);
  }
  const path = await realpath(await resolveRun(values.root, reference));
  const run = basename(path);
  const facts = await collect(path, Number(values.images));
  const folder = join(values.reports, 'figures');
  makeFolders(folder);
  const drawn: PageFigure[] = [];
  for (const { name, title, specification } of runFigures(facts)) {
    const { svg, png } = await renderFigure(specification);
    await writeFileAtomic(join(folder, `${name}.svg`), svg);
    await writeFileAtomic(join(folder, `${name}.png`), png);
    say(`${join(folder, name)}.svg and .png`);
    drawn.push({ title, svg });
  }
  const page = join(values.reports, `${run}.html`);
  await writeFileAtomic(page, await gatherPage(path, run, facts, drawn));
  say(`${page}: all of it on one page`);
  if (!facts.measures.robustness) {
    say(`left out: accuracy under corruptions, which npx tsx src/evaluate.ts ${run} --robustness measures`);
  }
}

async function collect(path: string, images: number): Promise<FigureData> {
  const recorded = loadConfiguration(join(path, 'config.yaml'));
  const device = await init(recorded.device === 'cpu' ? 'cpu' : 'auto', { tuning: storedChoices });
  try {
    const { model, configuration } = await openRun('', path);
    const test = await openTestPart(configuration, device, new AbortController().signal);
    const bytes = await loadFashionMnist(configuration.data.root);
    const evaluated = existsSync(join(path, EVALUATION_FILE))
      ? await readEvaluation(join(path, EVALUATION_FILE))
      : undefined;
    const current = evaluated?.weightsSha256 === (await hashWeights(model)) ? evaluated : undefined;
    const [weight] = model.parameters();
    if (!weight) throw new WgradError(`${path}: the model has no weights`);

    say('penultimate layer: features and principal components');
    const rows = subset(bytes.test.labels, Math.min(images, test.rows.length), configuration.seed, test.rows);
    const features = await penultimateFeatures(model, { set: test.set, rows });
    const components = principalComponents(features);
    const neighbours = await neighbourMap(features, configuration.seed, (share) => {
      say(`penultimate layer: map of neighbours, ${Math.round(100 * share)} %`);
    });
    const [first, second] = components.variance.map((share) => (100 * share).toFixed(0));
    return {
      run: basename(path),
      journal: readJournal(join(path, 'metrics.jsonl')),
      measures: current ?? measure(await predict(model, test), CLASS_NAMES),
      train: bytes.train,
      test: bytes.test,
      weight: { values: await weight.data(), shape: weight.shape },
      embedding: {
        maps: [
          { title: `PCA (${first} % and ${second} % of the variance)`, points: components.points },
          { title: 'UMAP (15 neighbours)', points: neighbours },
        ],
        labels: Array.from(rows, (row) => bytes.test.labels[row]!),
        classes: CLASS_NAMES,
        features: features[0]!.length,
      },
    };
  } finally {
    device.destroy();
  }
}

async function gatherPage(
  path: string,
  run: string,
  { measures }: FigureData,
  figures: readonly PageFigure[],
): Promise<string> {
  const json = async (name: string): Promise<Record<string, unknown>> =>
    existsSync(join(path, name))
      ? (JSON.parse(await readFile(join(path, name), 'utf8')) as Record<string, unknown>)
      : {};
  const { dataChecksums, ...environment } = await json('environment.json');
  const summary = await json('summary.json');
  return renderPage({
    run,
    headline: [
      ['test accuracy', `${(100 * measures.accuracy).toFixed(2)} %`],
      ['expected calibration error', `${(100 * measures.ece).toFixed(2)} %`],
      ['parameters', Number(summary['parameterCount'] ?? NaN).toLocaleString('en')],
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

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      root: { type: 'string', default: 'runs' },
      reports: { type: 'string', default: 'reports' },
      images: { type: 'string', default: '2000' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

await runCommand(main, HELP);
