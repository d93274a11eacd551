import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, LineCounter } from 'yaml';
import { readError } from '../files/fileError.ts';
import { parseYaml } from '../files/yamlValue.ts';
import { ConfigurationError, type KeyPath } from './error.ts';

/** Unchecked values, and where each was written. */
export interface LocatedValue {
  readonly value: unknown;
  /** `mlp.yaml:12:3` for the key at `path`; undefined where it was not written. */
  readonly locate: (path: KeyPath) => string | undefined;
}

/**
 * Reads one YAML file, without the files that it extends; an empty one holds no keys.
 *
 * @throws ConfigurationError where the file cannot be read or is not YAML, naming file:line:column
 */
export function readYamlFile(path: string): LocatedValue {
  const text = readText(path);
  const lines = new LineCounter();
  const { document, value, faults } = parseYaml(text, lines);
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (faults.length > 0) {
    const textLines = text.split('\n');
    const shown = faults.slice(0, 5).map(({ message, offset }) => {
      const line = textLines[lines.linePos(offset).line - 1] ?? '';
      return `${place(offset)}: ${message}\n    ${line.slice(0, 120)}`;
    });
    throw new ConfigurationError(shown.join('\n'));
  }
  return {
    value: value ?? {},
    locate: (keys) => {
      const offset = keyOffset(document, keys);
      return offset === undefined ? undefined : place(offset);
    },
  };
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new ConfigurationError(readError(path, error).message, { cause: error });
  }
}

function keyOffset(document: Document, path: KeyPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of path) {
    // The place of an item is that of its list.
    if (!isMap(node)) return offset;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === name);
    if (!pair) return undefined;
    offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    node = pair.value;
  }
  return offset;
}
