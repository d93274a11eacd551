import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { makeFolders } from '../../pipeline/files/folders.ts';
import { writeFileAtomic } from '../../pipeline/files/atomicFile.ts';
import { FileError, readError, writeError } from '../../pipeline/files/fileError.ts';
import { jsonText, parseJson } from '../../pipeline/files/json.ts';
import { type Manifest, manifestSchema, type ModelRecord, modelRecordSchema } from './modelRecord.ts';

/** A model that cannot be promoted, found or trusted. */
export class RegistryError extends WgradError {
  override name = 'RegistryError';
}

export const WEIGHTS = 'weights.safetensors';
export const CONFIGURATION = 'config.yaml';
export const RECORD = 'model.json';
export const METRICS = 'metrics.json';
export const CARD = 'README.md';
export const MANIFEST = 'manifest.json';

const REQUIRED = [WEIGHTS, CONFIGURATION, RECORD];
/** Larger than any file of these models. Larger files are rejected without reading them. */
const MOST_BYTES = 2 ** 30;

/** A model folder that was read and verified as a whole. The bytes that were verified are the bytes that are used. */
export interface ModelFolder {
  readonly path: string;
  readonly record: ModelRecord;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** SHA-256 of the manifest, which identifies the contents of the folder. */
  readonly manifestSha256: string;
}

/**
 * Writes a model folder: its files, and `manifest.json` with their checksums. The folder appears as a whole or not at
 * all, because it is written under another name and renamed.
 *
 * @throws FileError if it cannot be written or already exists
 */
export async function writeModelFolder(
  path: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  const contents = [...files].map(([name, data]) => [name, Buffer.from(data)] as const);
  const manifest: Manifest = {
    format: 1,
    files: Object.fromEntries(
      contents.map(([name, data]) => [name, { sha256: hash(data), bytes: data.length }]),
    ),
  };
  makeFolders(dirname(path));
  const staging = join(dirname(path), `.staging-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(staging);
    for (const [name, data] of contents) await writeFileAtomic(join(staging, name), data);
    await writeFileAtomic(join(staging, MANIFEST), jsonText(manifest));
    // rename fails if the target folder contains files, so a version is never replaced.
    await rename(staging, path);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error instanceof FileError ? error : writeError(path, error);
  }
}

/** Whether a folder is a model folder. Its contents are not verified. */
export async function isModelFolder(path: string): Promise<boolean> {
  return (await stat(join(path, MANIFEST)).catch(() => undefined))?.isFile() ?? false;
}

/**
 * Reads a model folder and verifies every file against the manifest.
 *
 * @throws RegistryError naming the file that is missing, changed or not listed; FileError if a file cannot be read
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const manifestBytes = await readWhole(join(path, MANIFEST));
  const manifest = parseJson(join(path, MANIFEST), manifestBytes, manifestSchema, 'a manifest');
  const listed = Object.keys(manifest.files);
  const missing = REQUIRED.find((name) => !listed.includes(name));
  if (missing !== undefined) throw new RegistryError(`${path}: ${MANIFEST} does not list ${missing}`);
  const stranger = (await readdir(path)).find((name) => name !== MANIFEST && !listed.includes(name));
  if (stranger !== undefined) {
    throw new RegistryError(`${path}: ${MANIFEST} does not list ${stranger}; remove it or promote again`);
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(manifest.files)) {
    const data = await readWhole(join(path, name));
    if (data.length !== expected.bytes || hash(data) !== expected.sha256) {
      throw new RegistryError(
        `${join(path, name)}: not the file that was promoted; expected ${expected.bytes} bytes with SHA-256 ` +
          `${expected.sha256}, got ${data.length} with ${hash(data)}. Restore the folder or promote the run again.`,
      );
    }
    files.set(name, data);
  }
  const record = parseJson(join(path, RECORD), files.get(RECORD)!, modelRecordSchema, 'a model');
  return { path, record, files, manifestSha256: hash(manifestBytes) };
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    const info = await lstat(path);
    if (!info.isFile()) throw new RegistryError(`${path}: takes a file, got something else`);
    if (info.size > MOST_BYTES) {
      throw new RegistryError(`${path}: takes at most ${MOST_BYTES} bytes, got ${info.size}`);
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof RegistryError ? error : readError(path, error);
  }
}

function hash(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
