/** DVC's own files: small, strict YAML. */
import { readFile, stat } from 'node:fs/promises';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { isAbsent } from '../dataFile.ts';
import { DataError } from '../errors.ts';

/** Longer files are refused unread. */
const MAX_BYTES = 2 ** 16;

/** An MD5 in lower-case hexadecimal; that of a directory ends in `.dir`. */
export const md5Text: z.ZodString = z.string().regex(/^[0-9a-f]{32}(\.dir)?$/);

/** A number of bytes or files. */
export const countNumber: z.ZodInt = z.int().nonnegative();

/**
 * Reads a YAML file and checks it against a schema.
 *
 * @throws DataError naming the file and every wrong key; also for a file that is absent, longer than 64 KiB, not
 *   UTF-8, not YAML, or that uses anchors and aliases (which can multiply a small file endlessly)
 */
export async function readYaml<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(parse(await readText(path), path));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: keys, message }) =>
    keys.length > 0 ? `${keys.map(String).join('.')}: ${message}` : message,
  );
  throw new DataError(`${path}: not as expected`, { got: problems.slice(0, 10).join('\n') });
}

/** The text as DVC lays it out: lists not indented, long lines not folded. */
export function yamlText(value: unknown): string {
  return stringify(value, {
    indentSeq: false,
    lineWidth: 0,
    singleQuote: true,
    aliasDuplicateObjects: false,
  });
}

function parse(text: string, path: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: true, stringKeys: true, logLevel: 'error' });
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) throw fault;
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (error) {
    // Also the RangeError for lists in lists in lists without end.
    throw new DataError(`${path}: unusable YAML`, { got: (error as Error).message }, error);
  }
}

async function readText(path: string): Promise<string> {
  try {
    // Asked before opening: the name may be a pipe, which would be waited for without end.
    const info = await stat(path);
    if (!info.isFile()) throw new Error('it is not a regular file');
    if (info.size > MAX_BYTES) throw new Error(`it has ${info.size} bytes, at most ${MAX_BYTES} are read`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const reason = isAbsent(error) ? 'it is not there' : (error as Error).message;
    throw new DataError(`${path}: cannot be read`, { got: reason }, error);
  }
}
