import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { FileError, readError } from './fileError.ts';
import { valueText } from '../text/valueText.ts';

/** Far more than any record of a run takes: a larger file is none. */
const MOST_BYTES = 2 ** 24;

/**
 * Reads a JSON file, and checks what it holds.
 *
 * @param what names the kind of file in errors: `an evaluation`
 * @throws FileError where it cannot be read, is larger than 16 MiB, is no JSON, or does not fit the schema
 * @example const summary = await readJsonFile('runs/latest/summary.json', summarySchema, 'a summary');
 */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FileError(path, `is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: keys, message } = result.error.issues[0]!;
  const key = keys.map(String).join('.');
  throw new FileError(path, `is no record of ${what}${key ? `, at ${key}` : ''}: ${valueText(message)}`);
}

async function readText(path: string): Promise<string> {
  const file = await open(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw new FileError(path, 'cannot be read: it is no file');
    if (info.size > MOST_BYTES) {
      throw new FileError(path, `is too large: it takes at most ${MOST_BYTES} bytes, got ${info.size}`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } catch (error) {
    throw error instanceof FileError ? error : readError(path, error);
  } finally {
    await file.close();
  }
}
