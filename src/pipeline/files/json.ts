import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { valueText } from '../text/valueText.ts';
import { writeFileAtomic } from './atomicFile.ts';
import { FileError, readError } from './fileError.ts';

/** No record of a run is nearly as large. */
const MOST_BYTES = 2 ** 24;

/**
 * A replacer for `JSON.stringify` that writes the numbers JSON cannot hold as the strings "NaN", "Infinity"
 * and "-Infinity". (The default is null, so a diverged loss would look like a missing one.)
 */
export function explicitNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** A value as the text of a JSON file, indented, with `explicitNumbers`. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, explicitNumbers, 2)}\n`;
}

/**
 * Writes a JSON file atomically.
 *
 * @throws FileError where it cannot be written
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, jsonText(value));
}

/**
 * Reads and checks a JSON file.
 *
 * @param what names the kind of file in errors: `an evaluation`
 * @throws FileError where it cannot be read, is larger than 16 MiB, is not JSON, or does not fit the schema
 * @example const summary = await readJson('runs/latest/summary.json', summarySchema, 'a summary');
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  return parseJson(path, await readBytes(path), schema, what);
}

/** As `readJson`; undefined if there is no such file. */
export async function readOptionalJson<T>(
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T | undefined> {
  try {
    return await readJson(path, schema, what);
  } catch (error) {
    if (error instanceof FileError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** As `readJson`, from the bytes of the file. */
export function parseJson<T>(path: string, bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FileError(path, `is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: keys, message } = result.error.issues[0]!;
  const key = keys.map(String).join('.');
  throw new FileError(path, `is not a record of ${what}${key ? `, at ${key}` : ''}: ${valueText(message)}`);
}

/** The content of a JSON file that this project wrote; undefined where it is missing, or a crash left it unusable. */
export async function tryReadJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new FileError(path, 'cannot be read: it is not a regular file');
    if (info.size > MOST_BYTES) {
      throw new FileError(path, `is too large: it takes at most ${MOST_BYTES} bytes, got ${info.size}`);
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof FileError ? error : readError(path, error);
  }
}
