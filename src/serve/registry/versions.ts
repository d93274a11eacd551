import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeError } from '../../pipeline/files/fileError.ts';
import { storeFile } from '../../pipeline/files/atomicFile.ts';
import { jsonText, readOptionalJson } from '../../pipeline/files/json.ts';
import { forgetVersion, moveAlias, readAlias, readAliases, removeAlias, rollBackAlias } from './aliases.ts';
import { RegistryError } from './modelFolder.ts';
import { withModel } from './modelLock.ts';
import { isServed } from './served.ts';
import { modelNames, modelVersions, type ModelVersion, requireVersion } from './reference.ts';

/**
 * The number of the next version. Numbers of deleted versions are not used again, so a number always means the same model.
 */
export async function nextVersion(root: string, name: string): Promise<number> {
  return Math.max(0, ...(await modelVersions(root, name)), ...(await deletedVersions(root, name))) + 1;
}

/**
 * Points an alias to an existing version.
 *
 * @returns the version that it pointed to before
 * @throws RegistryError if there is no such version
 */
export async function setAlias(
  root: string,
  { name, version }: ModelVersion,
  alias: string,
): Promise<number | undefined> {
  const model = join(root, name);
  await requireVersion(root, name, version);
  return withModel(model, async () => {
    await requireVersion(root, name, version);
    const before = await readAlias(model, alias);
    await moveAlias(model, alias, version);
    return before?.version;
  });
}

/**
 * Points an alias to where it pointed before. Versions that are gone are skipped.
 *
 * @returns the old and the new version
 * @throws RegistryError if there is no such model or alias, or no previous version
 */
export async function rollBack(
  root: string,
  name: string,
  alias: string,
): Promise<{ from: number; to: number }> {
  const model = join(root, name);
  if ((await modelVersions(root, name)).length === 0) {
    throw new RegistryError(
      `there is no model ${name}; ${root} holds ${(await modelNames(root)).join(', ') || 'none'}`,
    );
  }
  return withModel(model, async () => {
    const versions = await modelVersions(root, name);
    const previous = (await readAlias(model, alias))?.previous ?? [];
    const gone = new Set(previous.filter((version) => !versions.includes(version)));
    for (const version of gone) await forgetVersion(model, alias, version);
    return rollBackAlias(model, alias);
  });
}

/**
 * Deletes a version. It disappears as a whole, and aliases no longer roll back to it.
 *
 * @param force delete it even if a service runs it, and delete the aliases that point to it
 * @returns the aliases that were deleted
 * @throws RegistryError if there is no such version, if aliases point to it, or if a service runs it
 */
export async function deleteVersion(
  root: string,
  { name, version }: ModelVersion,
  force = false,
): Promise<string[]> {
  const model = join(root, name);
  await requireVersion(root, name, version);
  return withModel(model, async () => {
    await requireVersion(root, name, version);
    const aliases = await readAliases(model);
    const pointing = [...aliases].filter(([, alias]) => alias.version === version).map(([alias]) => alias);
    if (pointing.length > 0 && !force) {
      const [verb, them] = pointing.length > 1 ? ['point', 'them'] : ['points', 'it'];
      throw new RegistryError(
        `${name}/${version} is not deleted: ${pointing.join(', ')} ${verb} to it. ` +
          `Point ${them} to another version, or delete with --force, which deletes ${them}, too.`,
      );
    }
    if (!force && (await isServed(model, version))) {
      throw new RegistryError(
        `${name}/${version} is not deleted: a service runs it. Stop the service, or delete with --force.`,
      );
    }
    for (const alias of pointing) await removeAlias(model, alias);
    for (const alias of aliases.keys())
      if (!pointing.includes(alias)) await forgetVersion(model, alias, version);
    const deleted = [...(await deletedVersions(root, name)), version].sort((a, b) => a - b);
    await storeFile(join(model, DELETED), jsonText(deleted));
    const path = join(model, String(version));
    const trash = join(model, `.deleted-${randomBytes(6).toString('hex')}`);
    // The rename is the moment in which it disappears.
    await rename(path, trash)
      .then(() => rm(trash, { recursive: true, force: true }))
      .catch((error: unknown) => {
        throw writeError(path, error);
      });
    return pointing;
  });
}

/** The numbers of the deleted versions. */
const DELETED = 'deleted.json';
const deletedSchema = z.array(z.int().min(1));

async function deletedVersions(root: string, name: string): Promise<number[]> {
  return (await readOptionalJson(join(root, name, DELETED), deletedSchema, 'a list of versions')) ?? [];
}
