/** The command that shows and checks the GPU code: see HELP. */
import { closest, distance } from 'fastest-levenshtein';
import { parseCommandLine, UsageError } from './pipeline/cli/commandLine.ts';
import { KernelError } from './backend/errors.ts';
import { inspectKernel, type KernelFacts, readSignature } from './pipeline/diagnostics/kernels/inspection.ts';
import { kernelNames, kernelSource } from './platform/node/kernels.ts';
import { checkKernel, type KernelCheck } from './pipeline/diagnostics/kernels/check.ts';
import { type KernelListing, listKernel } from './pipeline/diagnostics/kernels/listing.ts';
import { type KernelTarget, openTarget } from './pipeline/diagnostics/kernels/target.ts';
import {
  formatCheck,
  formatListing,
  formatSettings,
  formatTarget,
  formatTotals,
} from './pipeline/diagnostics/kernels/text.ts';
import { specialise } from './backend/webgpu/pipelines.ts';
import type { KnobValues } from './pipeline/diagnostics/kernels/variants.ts';

const COMMANDS = ['list', 'show', 'check'];
const ELEMENTS = ['f32', 'i32', 'u32', 'f16'];

const HELP = `usage: npx tsx src/kernels.ts [command] [names] [options]

commands
  list [NAME …]            each kernel's entry point, buffers, parameters, constants and needs, against this
                           device's limits (the default)
  show NAME [KEY=VALUE …]  one kernel's signature, and its text as the device gets it under these settings:
                           show matmul TILE_ROWS=16   show unary OPERATION=GELU RANK=2   show fill Element=i32
  check [NAME …]           compile every kernel in every variant that the library launches, and print what the
                           compiler says, with file and line

Without an adapter, kernels are read but not compiled.

options
  --adapter <text>  take the adapter whose name contains this
  --json            machine-readable
  --help            print this

exit codes: 0 all is well, 1 a kernel does not compile or fit this device, 2 wrong usage`;

/** `show`'s answer. */
interface Shown {
  listing: KernelListing;
  settings: KnobValues;
  text: string;
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [command = 'list', ...rest] = positionals;
  requireKnown('command', command, COMMANDS);
  const names = rest.filter((word) => !word.includes('='));
  for (const name of names) requireKnown('kernel', name, kernelNames());
  if (command === 'show' && names.length !== 1) throw new UsageError('show takes the name of one kernel');
  const words = rest.filter((word) => word.includes('='));
  if (command !== 'show' && words.length > 0)
    throw new UsageError(`settings go with show only: ${words[0]!}`);
  const settings = command === 'show' ? settingsFrom(names[0]!, words) : {};
  const target = await openTarget(values.adapter);
  try {
    const wanted = names.length > 0 ? names : kernelNames();
    if (command === 'show') return show(wanted[0]!, settings, target, values.json);
    if (command === 'check') return await check(wanted, target, values.json);
    return list(wanted, target, values.json);
  } finally {
    target.device?.destroy();
  }
}

function list(names: readonly string[], target: KernelTarget, json: boolean): number {
  const kernels: KernelListing[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    try {
      kernels.push(listKernel(name, target));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      unreadable.push(error.message);
    }
  }
  if (json) printJson({ device: deviceFacts(target), kernels, unreadable });
  else {
    console.log(`${formatTarget(target)}\n`);
    for (const kernel of kernels) console.log(`${formatListing(kernel)}\n`);
    console.log(formatTotals(kernels, target));
    for (const message of unreadable) console.error(message);
  }
  return unreadable.length > 0 || kernels.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

function show(name: string, settings: KnobValues, target: KernelTarget, json: boolean): number {
  const source = kernelSource(name);
  const signature = readSignature(name, source);
  const listing = listKernel(name, target);
  const immediates = listing.paramsBy === 'immediates';
  const shown: Shown = {
    listing,
    settings,
    text: specialise({ name, source, signature, immediates }, settings),
  };
  if (json) printJson({ device: deviceFacts(target), ...shown });
  else {
    // Constants and aliases change the text; overrides are set when a pipeline is made from it.
    const overrides = Object.entries(settings).filter(([key]) => signature.overrides.has(key));
    const note =
      overrides.length > 0 ? `  set        ${formatSettings(Object.fromEntries(overrides))}\n` : '';
    console.log(`${formatListing(listing)}\n${note}\n${shown.text.trimEnd()}`);
  }
  return 0;
}

async function check(names: readonly string[], target: KernelTarget, json: boolean): Promise<number> {
  const checks: KernelCheck[] = [];
  if (!json) console.log(formatTarget(target));
  for (const name of names) {
    const found = await checkKernel(name, target);
    checks.push(found);
    if (!json) console.log(formatCheck(found));
  }
  if (json) printJson({ device: deviceFacts(target), kernels: checks });
  return checks.some(({ messages }) => messages.some(({ severity }) => severity === 'error')) ? 1 : 0;
}

function deviceFacts({ device, description, limits, immediateLimit }: KernelTarget): object {
  return { opened: device !== undefined, description, limits, immediateLimit };
}

function printJson(value: object): void {
  console.log(JSON.stringify(value, null, 2));
}

/** `KEY=VALUE` words as settings of a kernel; a value can be the name of one of its codes. */
function settingsFrom(name: string, words: readonly string[]): KnobValues {
  const facts = inspectKernel(name, kernelSource(name));
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      const key = word.slice(0, at);
      return [key, valueOf(facts, key, word.slice(at + 1))];
    }),
  );
}

function valueOf(facts: KernelFacts, key: string, value: string): number | boolean | string {
  const override = facts.overrides.find(({ name }) => name === key);
  const isAlias = facts.aliases.some(({ name }) => name === key);
  requireKnown(
    'constant',
    key,
    [...facts.overrides, ...facts.tiles, ...facts.aliases].map((each) => each.name),
  );
  if (isAlias) {
    requireKnown('element type', value, ELEMENTS);
    return value;
  }
  if (override?.type === 'bool') {
    requireKnown('truth value', value, ['true', 'false']);
    return value === 'true';
  }
  if (/^\d+$/.test(value)) return Number(value);
  const code = facts.codes[value];
  if (code === undefined || !override) {
    throw new UsageError(
      `${key} takes a whole number${override ? ' or a code of the kernel' : ''}, got ${value}`,
    );
  }
  return code;
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      adapter: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const guess = known.length > 0 ? closest(name, [...known]) : '';
  const hint = distance(name, guess) <= Math.max(2, name.length / 3) ? ` Did you mean ${guess}?` : '';
  throw new UsageError(`unknown ${what} ${JSON.stringify(name)}, not one of ${known.join(', ')}.${hint}`);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `… | head` has read enough.
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    console.error(error instanceof KernelError ? error.message : error);
    process.exitCode = 1;
  }
}
