import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Shape } from '../../pipeline/config/parts.ts';
import { storeFile } from '../../pipeline/files/atomicFile.ts';
import { writeError } from '../../pipeline/files/fileError.ts';
import { jsonText, readOptionalJson } from '../../pipeline/files/json.ts';
import { RegistryError } from './modelFolder.ts';

/** A name that points to a version, with its previous versions: `models/NAME/aliases/ALIAS.json`. */
export interface Alias {
  readonly version: number;
  /** Oldest first. */
  readonly previous: readonly number[];
}

/** The form of an alias name. A number would be a version. */
export const ALIAS_NAME: RegExp = /^[a-z][a-z0-9_-]{0,31}$/;
/** The number of moves that can be rolled back. */
const HISTORY = 20;

const version = z.int().min(1);
const aliasSchema: z.ZodType<Alias> = z.strictObject({
  version,
  previous: z.array(version),
} satisfies Shape<Alias>);

/** The alias, or undefined if the model has no alias of this name. */
export async function readAlias(model: string, name: string): Promise<Alias | undefined> {
  return readOptionalJson(aliasPath(model, name), aliasSchema, 'an alias');
}

/** Points an alias to a version, atomically: a reader sees the old or the new version. */
export async function moveAlias(model: string, name: string, to: number): Promise<void> {
  const before = await readAlias(model, name);
  if (before?.version === to) return;
  const previous = before ? [...before.previous, before.version].slice(-HISTORY) : [];
  await writeAlias(model, name, { version: to, previous });
}

/**
 * Points an alias to its previous version.
 *
 * @returns the old and the new version
 * @throws RegistryError if there is no such alias, or no previous version
 */
export async function rollBackAlias(model: string, name: string): Promise<{ from: number; to: number }> {
  const alias = await readAlias(model, name);
  if (!alias) throw new RegistryError(`${model} has no alias ${name}`);
  const to = alias.previous.at(-1);
  if (to === undefined) {
    throw new RegistryError(
      `${model}@${name} has been at version ${alias.version} only: there is no previous version`,
    );
  }
  await writeAlias(model, name, { version: to, previous: alias.previous.slice(0, -1) });
  return { from: alias.version, to };
}

/** All aliases of a model, by name. */
export async function readAliases(model: string): Promise<Map<string, Alias>> {
  const files = await readdir(join(model, 'aliases')).catch(() => []);
  const aliases = new Map<string, Alias>();
  for (const file of files.sort()) {
    const name = file.replace(/\.json$/, '');
    if (!file.endsWith('.json') || !ALIAS_NAME.test(name)) continue;
    const alias = await readAlias(model, name);
    if (alias) aliases.set(name, alias);
  }
  return aliases;
}

/** Removes a version from what an alias can be rolled back to. */
export async function forgetVersion(model: string, name: string, version: number): Promise<void> {
  const alias = await readAlias(model, name);
  if (!alias?.previous.includes(version)) return;
  const previous: number[] = [];
  for (const each of alias.previous) if (each !== version && each !== previous.at(-1)) previous.push(each);
  if (previous.at(-1) === alias.version) previous.pop();
  await writeAlias(model, name, { version: alias.version, previous });
}

/** Deletes an alias. */
export async function removeAlias(model: string, name: string): Promise<void> {
  const path = aliasPath(model, name);
  await rm(path, { force: true }).catch((error: unknown) => {
    throw writeError(path, error);
  });
}

async function writeAlias(model: string, name: string, alias: Alias): Promise<void> {
  await storeFile(aliasPath(model, name), jsonText(alias));
}

function aliasPath(model: string, name: string): string {
  if (!ALIAS_NAME.test(name)) {
    throw new RegistryError(`an alias is a lower-case word such as champion; got ${JSON.stringify(name)}`);
  }
  return join(model, 'aliases', `${name}.json`);
}
