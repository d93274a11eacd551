import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { isGroup, parse, readInput } from '../../../src/pipeline/cli/parse.ts';
import { loadConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { parseAxes } from '../../../src/pipeline/sweep/axes.ts';
import { describedBy } from '../../pipeline/cli/commandStubs.ts';

interface Call {
  /** `api` or `train`. */
  readonly image: string;
  /** In place of the image's entry point. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
}

/**
 * Reads the arguments that a container is started with, as its command does: options, keys of the configuration, axes of a
 * sweep.
 *
 * @throws UsageError, ConfigurationError
 */
export async function callEntryPoint({ image, command, args = [] }: Call): Promise<void> {
  const dockerfile = readFileSync(`dockerfiles/${image}.Dockerfile`, 'utf8');
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)![1]!) as string[];
  const [program, script] = command ?? entry;
  expect(program).toBe('node');
  expect(existsSync(script!), script).toBe(true);
  const description = await describedBy(/^src\/(\w+)\.ts$/.exec(script!)![1]!);
  const call = parse(script!, description, args);
  if (isGroup(call.description)) throw new Error(`${args.join(' ')} names no command`);
  readInput(call.description, call, description);
  const [file, ...words] = call.words;
  if (file === undefined) return;
  if (call.given['sweep']) parseAxes(words);
  loadConfiguration(file, call.given['sweep'] ? [] : words);
}
