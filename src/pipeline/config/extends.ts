import { dirname, relative, resolve } from 'node:path';
import { ConfigurationError, type KeyPath, valueAt } from './error.ts';
import { type LocatedValue, readYamlFile } from './file.ts';
import { valueText } from '../text/valueText.ts';

/** A limit on the work of nested lists of files. */
const MOST_FILES = 100;

/**
 * Reads a configuration file and the files that it extends: `extends: base.yaml`, or a list of files, relative to the file
 * that names them. Sections are merged key by key. Later files of a list win over earlier ones, and the file itself over
 * all. Lists are replaced, and so is a section whose `name` chooses another variant.
 *
 * @throws ConfigurationError where a file cannot be read or is not YAML, or where files extend each other in a circle
 * @example
 * extends: cnn.yaml
 * model: { dropout: 0.2 }
 */
export function readConfigurationFile(path: string): LocatedValue {
  let files = 0;
  const read = (file: string, chain: readonly string[], named?: string): LocatedValue => {
    const source = readNamed(file, named);
    const { bases, where } = basesOf(source, file);
    const inherited = bases.map((base) => {
      const next = beside(file, base);
      const links = [...chain, file];
      if (links.some((link) => resolve(link) === resolve(next))) {
        throw new ConfigurationError(`${where}: files extend each other: ${[...links, next].join(' → ')}`);
      }
      if (++files > MOST_FILES) {
        throw new ConfigurationError(`${where}: extends takes ${MOST_FILES} files in all, got more`);
      }
      return read(next, links, where);
    });
    return [...inherited, withoutExtends(source)].reduce(over);
  };
  return read(path, []);
}

function readNamed(file: string, named: string | undefined): LocatedValue {
  try {
    return readYamlFile(file);
  } catch (error) {
    if (!(error instanceof ConfigurationError) || named === undefined) throw error;
    throw new ConfigurationError(`${error.message}\n    extended by ${named}`, { cause: error });
  }
}

/** The path of a file that another one names, as error messages write it. */
function beside(file: string, base: string): string {
  const path = resolve(dirname(file), base);
  return resolve(file) === file ? path : relative('', path);
}

function basesOf({ value, locate }: LocatedValue, file: string): { bases: readonly string[]; where: string } {
  const given = valueAt(value, ['extends']);
  const where = locate(['extends']) ?? file;
  if (given === undefined) return { bases: [], where };
  const bases: unknown[] = Array.isArray(given) ? given : [given];
  if (bases.every((base): base is string => typeof base === 'string' && base !== '')) return { bases, where };
  throw new ConfigurationError(
    `extends (${where})\n    takes  a file, or a list of files\n    got    ${valueText(given)}`,
  );
}

function withoutExtends({ value, locate }: LocatedValue): LocatedValue {
  if (!isSection(value)) return { value, locate };
  const keys = Object.entries(value).filter(([key]) => key !== 'extends');
  return { value: Object.fromEntries(keys), locate };
}

/** One source over another. */
function over(base: LocatedValue, top: LocatedValue): LocatedValue {
  return {
    value: merge(base.value, top.value),
    locate: (path) =>
      top.locate(path) ?? (replaces(base.value, top.value, path) ? undefined : base.locate(path)),
  };
}

function merge(base: unknown, top: unknown, depth = 0): unknown {
  if (!isSection(base) || !isSection(top) || (depth > 0 && isOther(base, top))) return top;
  const merged = Object.entries(top).map(([key, value]): [string, unknown] => [
    key,
    Object.hasOwn(base, key) ? merge(base[key], value, depth + 1) : value,
  ]);
  return Object.fromEntries([...Object.entries(base), ...merged]);
}

/** Whether `top` replaces a value of `base` on the path to a key. */
function replaces(base: unknown, top: unknown, path: KeyPath): boolean {
  return path.some((_, index) => {
    const [below, above] = [base, top].map((root) => valueAt(root, path.slice(0, index + 1)));
    if (above === undefined || below === undefined) return false;
    return !isSection(below) || !isSection(above) || isOther(below, above);
  });
}

/** Whether two sections choose different variants, whose other keys are unrelated. */
function isOther(base: Readonly<Record<string, unknown>>, top: Readonly<Record<string, unknown>>): boolean {
  return top['name'] !== undefined && base['name'] !== undefined && top['name'] !== base['name'];
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
