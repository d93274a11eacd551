import { Document, visit } from 'yaml';
import { ConfigurationError } from './error.ts';
import { readConfigurationFile } from './extends.ts';
import type { LocatedValue } from './file.ts';
import { type KnownKey, knownKeys } from './keys.ts';
import { applyOverrides } from './overrides.ts';
import { reportIssues } from './report.ts';
import { type Configuration, configurationSchema } from './schema.ts';

export { ConfigurationError } from './error.ts';
export type * from './schema.ts';

/**
 * Reads the YAML file of an experiment and the files that it extends, applies the overrides of the command line, checks
 * the result and fills in the defaults.
 *
 * @example loadConfiguration('configs/mlp.yaml', ['train.epochs=3', 'model.hidden=[128,64]'])
 * @throws ConfigurationError listing every problem: the key, where it is written, what it takes and got
 */
export function loadConfiguration(path: string, overrides: readonly string[] = []): Configuration {
  return check(applyOverrides(readConfigurationFile(path), overrides), path);
}

/**
 * Checks a value that does not come from a file, and fills in the defaults.
 *
 * @example parseConfiguration({ name: 'quick', model: { name: 'mlp' }, optimizer: { name: 'adam' } })
 * @throws ConfigurationError as `loadConfiguration`
 */
export function parseConfiguration(value: unknown): Configuration {
  return check({ value, locate: () => undefined }, 'configuration');
}

function check({ value, locate }: LocatedValue, title: string): Configuration {
  const result = configurationSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = reportIssues(result.error.issues, value, locate);
  const counted = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  throw new ConfigurationError(`${title}: ${counted}\n${problems.join('\n')}`);
}

/**
 * The configuration as YAML, with every key: `--print-config` and a run's `config.yaml`. Loading it gives the same
 * configuration.
 */
export function printConfiguration(configuration: Configuration): string {
  const document = new Document(configuration, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The configuration's part of the help: every key with its values and its default. */
export function describeConfiguration(): string {
  return summariseKeys('keys (--help <key> explains one)', knownKeys());
}

/** Some keys with their values and defaults, a line each. */
export function summariseKeys(title: string, keys: readonly KnownKey[]): string {
  const width = Math.max(0, ...keys.map(({ path }) => path.length));
  const lines = keys.map((key) => `  ${key.path.padEnd(width)}  ${key.takes}; ${presence(key)}\n`);
  return `${title}:\n${lines.join('')}`;
}

/** A key with its meaning, its values and its default. */
export function describeKey(key: KnownKey): string {
  return `${key.path}\n    ${key.description}\n    ${key.takes}; ${presence(key)}\n`;
}

function presence({ default: value, required, variant }: KnownKey): string {
  const given =
    value === undefined ? (required ? 'required' : 'optional') : `default ${JSON.stringify(value)}`;
  return variant ? `${given} (with ${variant.path}=${variant.value})` : given;
}
