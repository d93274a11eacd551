import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  CLASS_NAMES,
  IMAGE_SIZE,
  loadFashionMnist,
  PIXEL_MEAN,
  PIXEL_STD,
} from '../../pipeline/data/fashionMnist.ts';
import { loadConfiguration, printConfiguration } from '../../pipeline/config/configuration.ts';
import { FileError, readError } from '../../pipeline/files/fileError.ts';
import { jsonText } from '../../pipeline/files/json.ts';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors/index.ts';
import { weightsSha256 } from '../../pipeline/checkpoint/weightsSha256.ts';
import { moveAlias } from './aliases.ts';
import { modelCard } from './card.ts';
import { type Gate, judge, type Verdict } from './gates.ts';
import { inputStatistics } from './inputStatistics.ts';
import { CARD, CONFIGURATION, METRICS, RECORD, RegistryError, WEIGHTS } from './modelFolder.ts';
import { writeModelFolder } from './modelFolder.ts';
import { type InputStatistics, MODEL_NAME, type ModelMetrics, type ModelRecord } from './modelRecord.ts';
import { CHAMPION, modelVersions } from './reference.ts';
import { readRunMetrics } from './runMetrics.ts';

export interface Promotion {
  /** The run's folder. */
  readonly run: string;
  /** The registry's folder. */
  readonly root: string;
  readonly name: string;
  readonly gates: readonly Gate[];
  /** Statistics of the run's training set. */
  readonly statistics: InputStatistics;
  /** The alias to move in addition to `latest`; default champion. */
  readonly alias?: string;
}

export interface Promoted {
  readonly path: string;
  readonly record: ModelRecord;
  readonly verdicts: readonly Verdict[];
}

/** As `promote`, with the statistics of the run's training set. */
export async function promoteRun(promotion: Omit<Promotion, 'statistics'>): Promise<Promoted> {
  const { data } = loadConfiguration(join(promotion.run, 'config.yaml'));
  const { train } = await loadFashionMnist(data.root);
  return promote({ ...promotion, statistics: inputStatistics(train.images, IMAGE_SIZE ** 2) });
}

/**
 * Makes the next version of a model from a run's best checkpoint if it passes every gate, and points `latest` and the
 * alias to it. The folder contains the weights without the optimizer's state, and everything else that serving needs.
 *
 * @throws RegistryError naming the gate that failed, or if the run is unfinished; nothing changes then
 */
export async function promote(promotion: Promotion): Promise<Promoted> {
  const { root, name, gates, statistics, alias = CHAMPION } = promotion;
  if (!MODEL_NAME.test(name)) {
    throw new RegistryError(`a model's name takes letters, digits, "_" and "-"; got ${JSON.stringify(name)}`);
  }
  const run = await realpath(promotion.run);
  const configuration = loadConfiguration(join(run, 'config.yaml'));
  const { tensors, metadata } = await readCheckpoint(join(run, 'checkpoints', 'best.safetensors'));
  const sha256 = weightsSha256(tensors);
  const modelText = metadata.get('model');
  const weights = encodeSafetensors(tensors, {
    format: 'pt',
    ...(modelText !== undefined && { model: modelText }),
  });
  const metrics: ModelMetrics = { ...(await readRunMetrics(run, sha256)), sizeBytes: weights.length };
  const verdicts = judge(gates, metrics, basename(run));
  if (verdicts.some(({ passed }) => !passed)) {
    const lines = verdicts.map(({ passed, text }) => `  ${passed ? 'passed' : 'FAILED'}  ${text}`);
    throw new RegistryError(`${basename(run)} is not promoted:\n${lines.join('\n')}`);
  }
  const describe = (version: number): ModelRecord => ({
    name,
    version,
    run: basename(run),
    weightsSha256: sha256,
    classes: CLASS_NAMES,
    input: { height: IMAGE_SIZE, width: IMAGE_SIZE },
    normalisation: { mean: PIXEL_MEAN, std: PIXEL_STD },
    inputStatistics: statistics,
    metrics,
  });
  const { path, record } = await claimVersion(root, name, (version) => {
    const record = describe(version);
    const files = new Map<string, string | Uint8Array>([
      [WEIGHTS, weights],
      [CONFIGURATION, printConfiguration(configuration)],
      [RECORD, jsonText(record)],
      [METRICS, jsonText(metrics)],
      [CARD, modelCard(record, configuration, verdicts)],
    ]);
    return { record, files };
  });
  const model = join(root, name);
  await moveAlias(model, 'latest', record.version);
  if (alias !== 'latest') await moveAlias(model, alias, record.version);
  return { path, record, verdicts };
}

/** Writes the next version. If another process takes that number, tries the one after it. */
async function claimVersion(
  root: string,
  name: string,
  build: (version: number) => { record: ModelRecord; files: Map<string, string | Uint8Array> },
): Promise<{ path: string; record: ModelRecord }> {
  for (let attempt = 0; ; attempt++) {
    const version = ((await modelVersions(root, name)).at(-1) ?? 0) + 1;
    const path = join(root, name, String(version));
    const { record, files } = build(version);
    try {
      await writeModelFolder(path, files);
      return { path, record };
    } catch (error) {
      const taken = error instanceof FileError && ['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '');
      if (!taken || attempt === 9) throw error;
    }
  }
}

async function readCheckpoint(path: string): Promise<ReturnType<typeof decodeSafetensors>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const { tensors, metadata } = decodeSafetensors(bytes);
  for (const name of [...tensors.keys()]) if (name.startsWith('optimizer.')) tensors.delete(name);
  return { tensors, metadata };
}
