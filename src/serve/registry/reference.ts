import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isFolder } from '../../pipeline/files/folders.ts';
import { readJson } from '../../pipeline/files/json.ts';
import { ALIAS_NAME, readAlias, readAliases } from './aliases.ts';
import { isModelFolder, RECORD, RegistryError } from './modelFolder.ts';
import { MODEL_NAME, type ModelRecord, modelRecordSchema } from './modelRecord.ts';

/** The alias that is served by default. */
export const CHAMPION = 'champion';

/** The model that a reference names now. A reference with an alias may name another version later. */
export interface Resolved {
  readonly path: string;
  /** `mlp@champion`, `mlp/3`, or the folder. */
  readonly reference: string;
}

/** A version of a model. */
export interface ModelVersion {
  readonly name: string;
  readonly version: number;
}

/**
 * The folder of the model that a reference names: `NAME` (its champion), `NAME@ALIAS`, `NAME/VERSION` or a folder.
 * Without a reference, the most accurate champion.
 *
 * @throws RegistryError listing what exists, if there is no such model
 * @example await resolveModel('models', 'mlp@latest')   // { path: 'models/mlp/3', reference: 'mlp@latest' }
 */
export async function resolveModel(root: string, reference?: string): Promise<Resolved> {
  if (reference === undefined) return bestChampion(root);
  const parsed = /^([^@/]+)(?:@([^@/]+)|\/(\d+))?$/.exec(reference);
  const [, name, alias, version] = parsed ?? [];
  if (name !== undefined && MODEL_NAME.test(name) && (await isFolder(join(root, name)))) {
    if (version !== undefined) return { path: await requireVersion(root, name, Number(version)), reference };
    const wanted = alias ?? CHAMPION;
    if (!ALIAS_NAME.test(wanted)) throw new RegistryError(`${reference}: not a valid alias name`);
    const found = await readAlias(join(root, name), wanted);
    if (found) {
      return { path: await requireVersion(root, name, found.version), reference: `${name}@${wanted}` };
    }
    const known = [...(await readAliases(join(root, name))).keys()].map((known) => `${name}@${known}`);
    throw new RegistryError(`${name} has no alias ${wanted}; there is ${known.join(', ') || 'none'}`);
  }
  const path = resolve(reference);
  if (await isModelFolder(path)) return { path, reference: path };
  const names = await modelNames(root);
  throw new RegistryError(
    `there is no model ${JSON.stringify(reference)}: takes NAME, NAME@ALIAS, NAME/VERSION or a model's folder; ` +
      (names.length > 0 ? `${root} holds ${names.join(', ')}` : `${root} holds none. ${HOW_TO_PROMOTE}`),
  );
}

const HOW_TO_PROMOTE =
  'Train one and promote it: npx tsx src/train.ts configs/mlp.yaml && npx tsx src/registry.ts promote latest mlp';

async function bestChampion(root: string): Promise<Resolved> {
  return (await champions(root))[0]!;
}

/**
 * The champions of all models, the most accurate one first.
 *
 * @throws RegistryError if there is none
 */
export async function champions(root: string): Promise<Resolved[]> {
  const found: { resolved: Resolved; accuracy: number }[] = [];
  for (const name of await modelNames(root)) {
    if (!(await readAlias(join(root, name), CHAMPION))) continue;
    const resolved = await resolveModel(root, `${name}@${CHAMPION}`);
    const { metrics } = await readRecord(resolved.path);
    found.push({ resolved, accuracy: metrics.accuracy ?? 0 });
  }
  if (found.length === 0) throw new RegistryError(`${root} holds no champion. ${HOW_TO_PROMOTE}`);
  // The names are sorted, and sort is stable.
  return found.sort((a, b) => b.accuracy - a.accuracy).map(({ resolved }) => resolved);
}

/** A version by its number. @throws RegistryError for anything but NAME/VERSION */
export function parseVersion(reference: string): ModelVersion {
  const [, name, version] = /^([^@/]+)\/([1-9]\d{0,8})$/.exec(reference) ?? [];
  if (name !== undefined && MODEL_NAME.test(name)) return { name, version: Number(version) };
  throw new RegistryError(`takes NAME/VERSION such as mlp/2, got ${JSON.stringify(reference)}`);
}

/**
 * The version in the registry that a reference names now.
 *
 * @throws RegistryError if there is no such model, or if the reference is a folder elsewhere
 * @example await resolveVersion('models', 'mlp@latest')   // { name: 'mlp', version: 3 }
 */
export async function resolveVersion(root: string, reference: string): Promise<ModelVersion> {
  const { path } = await resolveModel(root, reference);
  const [name, version] = [basename(dirname(path)), Number(basename(path))];
  if (resolve(root, name, String(version)) === resolve(path)) return { name, version };
  throw new RegistryError(`${reference} is no version of ${root}: takes NAME, NAME@ALIAS or NAME/VERSION`);
}

/** The names of all models, sorted. */
export async function modelNames(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && MODEL_NAME.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** The versions of a model, ascending. */
export async function modelVersions(root: string, name: string): Promise<number[]> {
  const entries = await readdir(join(root, name)).catch(() => []);
  return entries
    .filter((entry) => /^[1-9]\d{0,8}$/.test(entry))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The record of a version, for lists. Its checksum is not verified. */
export async function readRecord(path: string): Promise<ModelRecord> {
  return readJson(join(path, RECORD), modelRecordSchema, 'a model');
}

/** The folder of a version. @throws RegistryError listing the versions, if there is no such one */
export async function requireVersion(root: string, name: string, version: number): Promise<string> {
  const versions = await modelVersions(root, name);
  if (versions.includes(version)) return join(root, name, String(version));
  throw new RegistryError(`${name} has no version ${version}; there is ${versions.join(', ') || 'none'}`);
}
