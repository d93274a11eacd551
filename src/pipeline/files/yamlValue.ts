import { parseDocument, visit } from 'yaml';
import type { Document, LineCounter } from 'yaml';

/** Characters of a text. Parsing takes some 5 µs for each, so a longer one would block for seconds. */
const LONGEST = 2 ** 18;

/** A problem of a YAML text, and its character. */
export interface YamlFault {
  readonly message: string;
  readonly offset: number;
}

/**
 * Parses YAML 1.2. Duplicate keys, several documents, unknown tags, keys that are not strings, and aliases that expand to
 * more than 100 copies are faults; so is a text of more than 262,144 characters.
 */
export function parseYaml(
  text: string,
  lineCounter?: LineCounter,
): { document: Document; value: unknown; faults: readonly YamlFault[] } {
  const isTooLong = text.length > LONGEST;
  const document = parseDocument(isTooLong ? '' : text, {
    ...(lineCounter && { lineCounter }),
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  const tooLong = { message: `takes at most ${LONGEST} characters, got ${text.length}`, offset: 0 };
  if (isTooLong) return { document, value: undefined, faults: [tooLong] };
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    message,
    offset: pos[0],
  }));
  if (faults.length > 0) return { document, value: undefined, faults };
  try {
    return { document, value: document.toJS({ maxAliasCount: 100 }) as unknown, faults };
  } catch (error) {
    const fault = { message: (error as Error).message, offset: danglingAlias(document) ?? 0 };
    return { document, value: undefined, faults: [fault] };
  }
}

/** The place of the first alias without an anchor before it. */
function danglingAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}
