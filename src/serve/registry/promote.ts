import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { WgradError } from '../../backend/errors.ts';
import { obtainData } from '../../pipeline/data/datasets.ts';
import type { DataDescription } from '../../pipeline/data/description.ts';
import { loadConfiguration, printConfiguration } from '../../pipeline/config/configuration.ts';
import { requireClassifier } from '../../pipeline/config/task.ts';
import { FileError, readError } from '../../pipeline/files/fileError.ts';
import { makeFolders } from '../../pipeline/files/folders.ts';
import { jsonText } from '../../pipeline/files/json.ts';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors/index.ts';
import { decodeDescription } from '../../pipeline/checkpoint/metadata.ts';
import { weightsSha256 } from '../../pipeline/checkpoint/weightsSha256.ts';
import { shellWord } from '../../pipeline/text/shellWord.ts';
import { moveAlias, readAlias } from './aliases.ts';
import { modelCard } from './card.ts';
import { type Gate, judge, type Verdict } from './gates.ts';
import { inputStatistics } from './inputStatistics.ts';
import {
  CARD,
  CONFIGURATION,
  METRICS,
  openModelFolder,
  RECORD,
  RegistryError,
  WEIGHTS,
  writeModelFolder,
} from './modelFolder.ts';
import { withModel } from './modelLock.ts';
import { type InputStatistics, MODEL_NAME, type ModelMetrics, type ModelRecord } from './modelRecord.ts';
import { CHAMPION, modelVersions } from './reference.ts';
import { readRunMetrics } from './runMetrics.ts';
import { nextVersion } from './versions.ts';

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
  /** Whether a version was made. If not, an older one has the same weights. */
  readonly isNew: boolean;
  /** The version that the alias pointed to before. */
  readonly before: number | undefined;
}

/** As `promote`, with the statistics of the run's training set. */
export async function promoteRun(promotion: Omit<Promotion, 'statistics'>): Promise<Promoted> {
  const { data, model } = loadConfiguration(join(promotion.run, 'config.yaml'));
  const instead = `Export it instead: npx tsx src/export.ts ${shellWord(promotion.run)}`;
  requireClassifier(model, 'the registry', basename(promotion.run), instead);
  const { train, description } = await obtainData(data, new AbortController().signal);
  const statistics = inputStatistics(train.images, description.height * description.width);
  return promote({ ...promotion, statistics });
}

/**
 * Makes the next version of a model from a run's best checkpoint if it passes every gate, and points `latest` and the
 * alias to it. The folder contains the weights without the optimizer's state, and everything else that serving needs.
 * Where a version has these weights already, the aliases move to that version instead.
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
  const { tensors, metadata, data } = await readCheckpoint(join(run, 'checkpoints', 'best.safetensors'));
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
    classes: data.classes,
    input: { height: data.height, width: data.width, preparation: data.preparation },
    normalisation: { mean: data.mean, std: data.std },
    inputStatistics: statistics,
    metrics,
  });
  makeFolders(join(root, name));
  return withModel(join(root, name), async () => {
    const before = await readAlias(join(root, name), alias);
    const copy = await findCopy(root, describe(1));
    const record = copy ?? describe(await nextVersion(root, name));
    const path = join(root, name, String(record.version));
    if (!copy) {
      const files = new Map<string, string | Uint8Array>([
        [WEIGHTS, weights],
        [CONFIGURATION, printConfiguration(configuration)],
        [RECORD, jsonText(record)],
        [METRICS, jsonText(metrics)],
        [CARD, modelCard(record, configuration, verdicts)],
      ]);
      await writeModelFolder(path, files);
    }
    for (const each of new Set(['latest', alias])) await moveAlias(join(root, name), each, record.version);
    return { path, record, verdicts, isNew: !copy, before: before?.version };
  });
}

/** The record of an intact version with the same weights, which takes the same images and has the same classes. */
async function findCopy(root: string, promoted: ModelRecord): Promise<ModelRecord | undefined> {
  const same = (record: ModelRecord): boolean =>
    (['weightsSha256', 'classes', 'input', 'normalisation'] as const).every((key) =>
      isDeepStrictEqual(record[key], promoted[key]),
    );
  for (const version of (await modelVersions(root, promoted.name)).reverse()) {
    const folder = await openModelFolder(join(root, promoted.name, String(version))).catch(ignoreDamage);
    if (folder && same(folder.record)) return folder.record;
  }
  return undefined;
}

/** A damaged version is no copy. Promoting its run again is the remedy that its error names. */
function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof WgradError)) throw error;
}

async function readCheckpoint(
  path: string,
): Promise<ReturnType<typeof decodeSafetensors> & { data: DataDescription }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const { tensors, metadata } = decodeSafetensors(bytes);
  const data = decodeDescription(metadata);
  if (!data) throw new FileError(path, 'is corrupt: it does not say what data it was trained on');
  for (const name of [...tensors.keys()]) if (name.startsWith('optimizer.')) tensors.delete(name);
  return { tensors, metadata, data };
}
