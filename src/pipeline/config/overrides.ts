import { parseYaml } from '../files/yamlValue.ts';
import { valueText } from '../text/valueText.ts';
import { ConfigurationError, type KeyPath, pathText } from './error.ts';
import type { LocatedValue } from './file.ts';

/** One `key.path=value` of the command line. */
interface Override {
  readonly text: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Replaces values of a file by those of the command line, in order: `train.epochs=3`, `device=cpu`,
 * `model.hidden=[128,64]`, `optimizer={name: sgd, lr: 0.1}`. Values are YAML; each replaces the old value of the key, which
 * may be a whole section. The schema checks keys and values afterwards.
 *
 * @throws ConfigurationError listing every override that cannot be read or applied
 */
export function applyOverrides(source: LocatedValue, texts: readonly string[]): LocatedValue {
  const errors: string[] = [];
  const overrides: Override[] = [];
  let value = source.value;
  for (const text of texts) {
    try {
      const override = parseOverride(text);
      value = withValue(value, override, 0);
      overrides.push(override);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      errors.push(error.message);
    }
  }
  if (errors.length > 0) throw new ConfigurationError(errors.join('\n'));
  return {
    value,
    locate: (path) => {
      const setter = overrides.findLast((override) => startsWith(path, override.path));
      if (setter) return place(setter);
      const within = overrides.find((override) => startsWith(override.path, path));
      return source.locate(path) ?? (within && place(within));
    },
  };
}

function place(override: Override): string {
  return `command line: ${override.text}`;
}

function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(equals, 0)).split('.');
  if (!path.every((name) => /^\w+$/.test(name)) || path.includes('__proto__')) {
    throw refusal(text, 'key.path=value, as in train.epochs=3');
  }
  const written = text.slice(equals + 1);
  const { document, value, faults } = parseYaml(written);
  if (faults[0]) throw refusal(text, `a YAML value after "="; this one fails with: ${faults[0].message}`);
  if (document.contents === null) {
    throw refusal(text, `a value after "="; for an empty text write ${pathText(path)}=''`);
  }
  return { text, path, value };
}

/** A copy of `container` with the override's value at its path. */
function withValue(container: unknown, override: Override, depth: number): unknown {
  const { path, value, text } = override;
  if (depth === path.length) return value;
  const holder = pathText(path.slice(0, depth)) || 'the file';
  if (Array.isArray(container)) {
    throw refusal(text, `no key inside ${holder}, which is a list; set the whole list`);
  }
  if (container !== undefined && (typeof container !== 'object' || container === null)) {
    throw refusal(text, `no key inside ${holder}, which is ${valueText(container)}`);
  }
  const name = path[depth]!;
  const section = { ...container } as Record<string, unknown>;
  const inner = Object.hasOwn(section, name) ? section[name] : undefined;
  return { ...section, [name]: withValue(inner, override, depth + 1) };
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.every((key, index) => path[index] === key);
}

function refusal(text: string, takes: string): ConfigurationError {
  return new ConfigurationError(`override does not fit\n    takes  ${takes}\n    got    ${text}`);
}
