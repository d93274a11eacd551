/** Whether what lies at the outputs of a stage of dvc.yaml was made by that stage, by the records of a run. */
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { openWeights } from '../checkpoint/checkpoint.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { taskOf } from '../config/task.ts';
import type { Stage } from '../data/dvc/pipeline.ts';
import { hashDirectory } from '../data/dvc/hash.ts';
import { describePath } from '../data/dvc/pointer.ts';
import { dvcMetrics } from '../evaluation/report/metricsFile.ts';
import { EVALUATION_FILE, readEvaluation, readReconstruction } from '../evaluation/report/report.ts';
import { readJson } from '../files/json.ts';
import { changedLeaves } from '../files/leaves.ts';
import { WgradError } from '../../backend/errors.ts';
import { PUBLISHED_FIGURES, publishedFigures } from '../reporting/published.ts';
import { codeVersion } from '../runs/codeVersion.ts';
import { valueText } from '../text/valueText.ts';

/** Keys of a configuration that do not affect the result. */
const HARMLESS = new Set([
  'device',
  'adapter',
  'run.dir',
  'run.tags',
  'run.notes',
  'tracking',
  'train.capture',
  'train.checkpointEvery',
  'train.keepLast',
  'train.maxMinutes',
]);

const summarySchema = z.object({ stopped: z.string(), weightsSha256: z.string() });
const codeSchema = z.object({ codeVersion: z.string() });
const environmentSchema = codeSchema.extend({
  dataVersion: z.string().nullable(),
  dataChecksums: z.unknown(),
  resumed: z.array(codeSchema).default([]),
});

/**
 * Compares what lies at the outputs of a stage with the records of a run: its configuration, its data, the code, its
 * weights, its evaluation, its figures.
 *
 * @param run the run's folder
 * @param project the folder of dvc.yaml, to which the paths of the stage are relative
 * @returns each reason why the stage did not make them, in words; empty where it did
 * @example await stageProblems(stage, 'runs/20261124-134455-cnn', '.') // ['model.name: cnn in configs/cnn.yaml, the run has mlp']
 */
export async function stageProblems(stage: Stage, run: string, project: string): Promise<string[]> {
  const [, command, rest] = /(?:^|\s)src\/(\w+)\.ts(?:\s+(.*))?$/.exec(stage.cmd) ?? [];
  const words = (rest ?? '').split(/\s+/).filter(Boolean);
  try {
    switch (command) {
      case 'train':
        return await trainingProblems(stage, words, run, project);
      case 'evaluate':
        return await evaluationProblems(stage, words, run, project);
      case 'visualize':
        return await figureProblems(stage, run, project);
    }
  } catch (error) {
    // A record that is missing or unusable is no evidence.
    if (!(error instanceof WgradError)) throw error;
    return [error.message.split('\n')[0]!];
  }
  return stage.outs.length === 0 ? [] : [`no run records what ${stage.cmd} has made`];
}

async function trainingProblems(
  stage: Stage,
  [file, ...overrides]: readonly string[],
  run: string,
  project: string,
): Promise<string[]> {
  if (file === undefined) return [`${stage.cmd} names no configuration`];
  const wanted = loadConfiguration(join(project, file), overrides);
  const problems = changedLeaves(wanted, loadConfiguration(join(run, 'config.yaml')))
    .filter(({ key }) => !HARMLESS.has(key))
    .map(
      ({ key, before, after }) => `${key}: ${valueText(before)} in ${file}, the run has ${valueText(after)}`,
    );
  const { dataVersion, codeVersion: code, resumed } = await readEnvironment(run);
  const versions = await Promise.all(stage.deps.map((path) => describePath(join(project, path))));
  if (!versions.some(({ md5 }) => md5 === dataVersion)) {
    const present = stage.deps.map((path, index) => `${path} is ${versions[index]!.md5}`);
    problems.push(`data: the run has ${dataVersion ?? 'no version'}, ${present.join(', ')}`);
  }
  if ([code, ...resumed.map(({ codeVersion }) => codeVersion)].some((version) => version !== codeVersion())) {
    problems.push('code: it has changed since the run');
  }
  const { stopped } = await readJson(
    join(run, 'summary.json'),
    summarySchema,
    'the summary of a finished run',
  );
  if (stopped === 'maxMinutes') problems.push('train.maxMinutes: the time was up before the last epoch');
  return [...problems, ...(await weightProblems(run))];
}

/** Whether the weights are still those that the run ended with. */
async function weightProblems(run: string): Promise<string[]> {
  const checkpoint = join(run, 'checkpoints', 'best.safetensors');
  const sha256 = (await openWeights(checkpoint)).sha256();
  const { weightsSha256 } = await readJson(join(run, 'summary.json'), summarySchema, 'a summary');
  return sha256 === weightsSha256 ? [] : [`${checkpoint}: not the weights that the run ended with`];
}

async function evaluationProblems(
  stage: Stage,
  words: readonly string[],
  run: string,
  project: string,
): Promise<string[]> {
  const path = join(run, EVALUATION_FILE);
  const { model } = loadConfiguration(join(run, 'config.yaml'));
  const isClassifier = taskOf(model) === 'classification';
  const report = isClassifier ? await readEvaluation(path) : await readReconstruction(path);
  const robustness = 'robustness' in report ? report.robustness : undefined;
  const { weightsSha256 } = await readJson(join(run, 'summary.json'), summarySchema, 'a summary');
  const { dataChecksums } = await readEnvironment(run);
  const [metrics] = stage.outs;
  const written = metrics && (await readJson(join(project, metrics), z.unknown(), 'metrics'));
  const images = words.includes('--robustness-images')
    ? Number(words[words.indexOf('--robustness-images') + 1])
    : undefined;
  const checks: [isWrong: boolean, problem: string][] = [
    [report.weightsSha256 !== weightsSha256, `${path}: of other weights than those that the run ended with`],
    [
      !isDeepStrictEqual(report.dataset.checksums, dataChecksums),
      `${path}: measured on other data than the run was trained on`,
    ],
    [
      words.includes('--robustness') !== (robustness !== undefined),
      `${path}: ${robustness ? 'with' : 'without'} --robustness`,
    ],
    [
      images !== undefined && robustness !== undefined && robustness.images !== images,
      `${path}: robustness on ${robustness?.images} images, not on ${images}`,
    ],
    [
      !isDeepStrictEqual(written, JSON.parse(JSON.stringify(dvcMetrics(report)))),
      `${metrics}: not the numbers of ${path}`,
    ],
  ];
  return checks.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []));
}

async function figureProblems({ outs }: Stage, run: string, project: string): Promise<string[]> {
  const path = join(run, PUBLISHED_FIGURES);
  const drawn = await readJson(path, publishedFigures, 'the record of published figures');
  const { weightsSha256 } = await readJson(join(run, 'summary.json'), summarySchema, 'a summary');
  if (drawn.weightsSha256 !== weightsSha256)
    return [`${path}: drawn from other weights than the run ended with`];
  const [figures] = outs;
  if (figures === undefined || (await hashDirectory(join(project, figures))).md5 === drawn.md5) return [];
  return [`${figures}: not the figures that were drawn of ${basename(run)}`];
}

function readEnvironment(run: string): Promise<z.infer<typeof environmentSchema>> {
  return readJson(join(run, 'environment.json'), environmentSchema, 'an environment');
}
