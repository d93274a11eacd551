import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import type { Module } from '../../nn/index.ts';
import { loadWeights } from '../checkpoint/checkpoint.ts';
import type { Configuration } from '../config/configuration.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { FileError, readError } from '../files/fileError.ts';

/** The file of a run's folder with the weights from which it started. */
const INITIAL = 'init.safetensors';

/**
 * Loads the weights that `init` names into a model. The first time, a run copies the file into its folder: it starts with
 * the same weights again, and is verified with them, whatever becomes of the file.
 *
 * @param path the run's folder
 * @throws FileError where the file cannot be read, or its weights do not fit the model
 */
export async function loadInitialWeights(
  path: string,
  { init }: Configuration,
  model: Module,
): Promise<void> {
  if (init === undefined) return;
  const copy = join(path, INITIAL);
  const isKept = existsSync(copy);
  const file = isKept ? copy : init;
  try {
    await loadWeights(file, model);
  } catch (error) {
    if (!(error instanceof WgradError) || error instanceof FileError) throw error;
    throw new FileError(file, `does not fit the model of this run\n${error.message}`, { cause: error });
  }
  if (!isKept) await writeFileAtomic(copy, await readBytes(init));
}

/** The `init` of a run's configuration as its folder keeps it; nothing where it started with random weights. */
export function keptInit(path: string): Pick<Configuration, 'init'> {
  const copy = join(path, INITIAL);
  return existsSync(copy) ? { init: copy } : {};
}

/** The SHA-256 of a file with weights. @throws FileError where it cannot be read */
export async function weightsFileSha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readBytes(file))
    .digest('hex');
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => {
    throw readError(file, error);
  });
}
