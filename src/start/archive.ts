import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';

/** A bundle as it is kept. */
export interface Archive {
  /** Files that went into it, from the project's root, with the SHA-256 of each. */
  readonly inputs: readonly (readonly [path: string, sha256: string])[];
  readonly code: string;
  /** Source map of the code, as JSON; kept in a file of its own, as only stack traces need it. */
  readonly map?: string;
  /** What V8 made of the code when it last ran; empty where it has not. */
  readonly codeCache: Uint8Array;
}

/** The project's folder. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

const HASH_BYTES = 32;

/** Where a command's bundle is kept, without an extension: one for each command's path and release of Node. */
export function archivePlace(entry: string): string {
  const which = sha256(`${entry} ${process.version} ${process.arch}`).toString('hex').slice(0, 12);
  return join(ROOT, 'node_modules/.cache/wgrad', `${basename(entry, '.ts')}-${which}`);
}

/** The bundle that is kept; undefined where there is none, it is damaged, or a file that went into it has changed. */
export function readArchive(place: string): Archive | undefined {
  try {
    const bytes = readFileSync(`${place}.bin`);
    const body = bytes.subarray(HASH_BYTES);
    if (!sha256(body).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
    const archive = deserialize(body) as Archive;
    return archive.inputs.every(([path, hash]) => hashInput(path) === hash) ? archive : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a bundle, whole or not at all; nothing happens where it cannot be written. */
export function writeArchive(place: string, { map, ...archive }: Archive): void {
  const body = serialize(archive);
  try {
    mkdirSync(dirname(place), { recursive: true });
    if (map !== undefined) replaceFile(`${place}.map`, map);
    replaceFile(`${place}.bin`, Buffer.concat([sha256(body), body]));
  } catch {
    // A folder that is read-only, or a full disk: the next start bundles anew.
  }
}

/** SHA-256 of a file of the project, in hexadecimal. */
export function hashInput(path: string): string {
  return sha256(readFileSync(resolve(ROOT, path))).toString('hex');
}

/** Others read the file before or after it is replaced, whoever else replaces it. */
function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}
