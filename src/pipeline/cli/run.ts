import { inspect } from 'node:util';
import { AdapterError, WgradError } from '../../backend/errors.ts';
import { ConfigurationError } from '../config/error.ts';
import { requireKnown, UsageError } from '../text/didYouMean.ts';
import { FinishedError, Interruption } from '../training/errors.ts';
import type { Command, CommandGroup, Option } from './command.ts';
import { keepCompiledCode } from './compileCache.ts';
import { flagOf, parseArguments, printGroupHelp, usageLines } from './parser.ts';

/**
 * Runs a command with the arguments of the process, and sets the exit code. All commands end in the same way: `--help`
 * prints the help; errors that a user may see (`WgradError`) print their message alone, wrong usage the usage line too;
 * any other error is a bug and prints its stack.
 *
 * @param program how the command is called: `npx tsx src/train.ts`
 * @example await runCommand('npx tsx src/verify.ts', command({ about, arguments: { run }, run: ({ run }) => … }));
 */
export async function runCommand(
  program: string,
  description: Command | CommandGroup,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  keepCompiledCode();
  process.stdout.on('error', endWithReader);
  process.exitCode = await execute(program, description, args);
}

/** As `runCommand`; returns the exit code instead of setting it. */
export async function execute(
  program: string,
  description: Command | CommandGroup,
  args: readonly string[],
): Promise<number> {
  let usage = usageLines(program, description);
  try {
    const chosen = choose(program, description, args);
    if (!chosen) {
      printGroupHelp(program, description as CommandGroup);
      return 0;
    }
    usage = usageLines(chosen.program, chosen.command);
    const input = parseArguments(chosen.program, chosen.command, chosen.args);
    const code = input && (await chosen.command.run(input));
    return typeof code === 'number' ? code : 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error, usage)}\n`);
    return exitCodeOf(error);
  }
}

interface Chosen {
  readonly program: string;
  readonly command: Command;
  readonly args: readonly string[];
}

/** The command of a group that the arguments name, before or after its options; undefined for the group's help. */
function choose(
  program: string,
  description: Command | CommandGroup,
  args: readonly string[],
): Chosen | undefined {
  if (!('commands' in description)) return { program, command: description, args };
  const { commands, default: fallback } = description;
  const isValue = (before: string): boolean =>
    !before.includes('=') &&
    Object.values(commands).some((command) => optionOf(before, command)?.placeholder !== undefined);
  const at = args.findIndex((word, index) => !word.startsWith('-') && !isValue(args[index - 1] ?? ''));
  if (at < 0 && args.some((word) => word === '--help' || word === '-h')) return undefined;
  const name = args[at] ?? fallback;
  if (name === undefined) throw new UsageError(`missing command: ${Object.keys(commands).join(', ')}`);
  requireKnown('command', name, Object.keys(commands));
  const command = commands[name]!;
  const rest = at < 0 ? args : args.toSpliced(at, 1);
  for (const word of rest) {
    const others = Object.keys(commands).filter((other) => optionOf(word, commands[other]!));
    if (others.length > 0 && !optionOf(word, command)) {
      throw new UsageError(`${word.split('=')[0]!} goes with ${others.join(', ')} only`);
    }
  }
  return { program: `${program} ${name}`, command, args: rest };
}

/** The option that a word of the command line is. */
function optionOf(word: string, { options }: Command): Option<unknown> | undefined {
  return Object.entries(options ?? {}).find(([key]) => flagOf(key) === word.split('=')[0])?.[1];
}

/** `… | head` has read enough. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

/** What the repository has for a machine without an adapter; the library's own messages name none of it. */
const ADAPTER_REMEDY =
  '`npx tsx src/doctor.ts` checks this machine; `bash scripts/install-software-driver.sh` installs a driver.';

function messageOf(error: unknown, usage: readonly string[]): string {
  if (error instanceof UsageError) {
    const lines = [`usage: ${usage[0]!}`, ...usage.slice(1).map((line) => `       ${line}`)];
    return [error.message, '', ...lines, '       --help explains arguments and options'].join('\n');
  }
  if (error instanceof AdapterError) return `${error.message}\n${ADAPTER_REMEDY}`;
  if (error instanceof WgradError) return error.message;
  return `${inspect(error)}\n\nThis is a bug in wgrad. Please report it, with the text above.`;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigurationError) return 2;
  if (error instanceof Interruption) return 130;
  return error instanceof FinishedError ? 0 : 1;
}
