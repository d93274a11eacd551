import { Document, visit } from 'yaml';
import { ConfigurationError } from './error.ts';
import { readConfigurationFile } from './extends.ts';
import type { ConfigurationSource } from './file.ts';
import { knownKeys } from './keys.ts';
import type { KnownKey } from './keys.ts';
import { reportIssues } from './report.ts';
import { configurationSchema } from './schema.ts';
import type { Configuration } from './schema.ts';
import { applyOverrides } from './overrides.ts';

export { ConfigurationError } from './error.ts';
export type * from './schema.ts';

/**
 * Reads the YAML file of an experiment over the files that it extends, sets the overrides of the command line over
 * it, checks the result and fills in the defaults.
 *
 * @example loadConfiguration('configs/mlp.yaml', ['train.epochs=3', 'model.hidden=[128,64]'])
 * @throws ConfigurationError listing every problem: its key, where that is written, what it takes and got.
 */
export function loadConfiguration(path: string, overrides: readonly string[] = []): Configuration {
  return check(applyOverrides(readConfigurationFile(path), overrides), path);
}

/**
 * Checks values that come from elsewhere than a file and fills in the defaults.
 *
 * @example parseConfiguration({ name: 'quick', model: { name: 'mlp' }, optimizer: { name: 'adam' } })
 * @throws ConfigurationError as `loadConfiguration` does.
 */
export function parseConfiguration(value: unknown): Configuration {
  return check({ value, locate: () => undefined }, 'configuration');
}

function check({ value, locate }: ConfigurationSource, title: string): Configuration {
  const result = configurationSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = reportIssues(result.error.issues, value, locate);
  const counted = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  throw new ConfigurationError(`${title}: ${counted}\n${problems.join('\n')}`);
}

/**
 * The configuration as YAML, every key written out: what `--print-config` shows and a run keeps as its
 * `config.yaml`. Loading it gives the same configuration again.
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

/** The text of `--help` on configurations: every key with the values it takes, its default and its meaning. */
export function describeConfiguration(): string {
  return knownKeys()
    .map((key) => `${key.path}\n    ${key.description}\n    ${key.takes}; ${presence(key)}\n`)
    .join('');
}

function presence({ default: value, required, variant }: KnownKey): string {
  const given =
    value === undefined ? (required ? 'required' : 'optional') : `default ${JSON.stringify(value)}`;
  return variant ? `${given} (with ${variant.path}=${variant.value})` : given;
}
