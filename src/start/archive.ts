import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';

/** A file that went into a bundle: from the project's root, with its SHA-256 and its stamp when it was hashed. */
export type Input = readonly [path: string, sha256: string, stamp: string];

/** A bundle as it is kept. */
export interface Archive {
  readonly inputs: readonly Input[];
  readonly code: string;
  /** Source map of the code, as JSON; kept in a file of its own, as only stack traces need it. */
  readonly map?: string;
  /** What V8 made of the code when it last ran; empty where it has not. */
  readonly codeCache: Uint8Array;
}

/** The project's folder. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

const HASH_BYTES = 32;
/** Milliseconds after which the next change of a file shows in its times, however coarse they are. */
const SETTLED = 2000;

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
    const kept = deserialize(body) as Archive;
    const inputs = kept.inputs.map((input) => (hasStamp(input) ? input : inputOf(input[0])));
    if (inputs.some(([, hash], index) => hash !== kept.inputs[index]![1])) return undefined;
    const archive = { ...kept, inputs };
    // Else files that were copied, or touched, would be hashed at every start.
    if (inputs.some(([, , stamp], index) => stamp !== kept.inputs[index]![2])) writeArchive(place, archive);
    return archive;
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

/** A file of the project as an input. */
export function inputOf(path: string): Input {
  const stamp = stampOf(path);
  return [path, sha256(readFileSync(resolve(ROOT, path))).toString('hex'), stamp];
}

/** Whether a file is as it was by its stamp, which takes a tenth of the time that reading it does. */
function hasStamp([path, , stamp]: Input): boolean {
  return stamp !== '' && stamp === stampOf(path);
}

/**
 * What differs after a file was written, replaced or set back: its place, its size, and its times, of which the system
 * alone sets the last. Empty for a file that has just changed, as it could change again at the same time.
 */
function stampOf(path: string): string {
  const { ino, size, mtimeMs, ctimeMs } = statSync(resolve(ROOT, path));
  return Math.abs(Date.now() - ctimeMs) < SETTLED ? '' : `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
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
