import { inspect } from 'node:util';
import { AdapterError, WgradError } from '../../backend/errors.ts';
import { ConfigurationError } from '../config/error.ts';
import { UsageError } from '../text/didYouMean.ts';
import { FinishedError, Interruption, signalExitCode } from '../training/errors.ts';
import type { Command, CommandGroup } from './command.ts';
import { keepCompiledCode } from './compileCache.ts';
import { helpText, usageText } from './help.ts';
import { enterProject } from './folder.ts';
import { followParent } from './interrupt.ts';
import { keyHelp } from './keyHelp.ts';
import { keepPrinting } from './output.ts';
import { isGroup, parse, readInput } from './parse.ts';

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
  const output = keepPrinting();
  followParent();
  enterProject();
  const code = await execute(program, description, args);
  process.exitCode = code === 0 && output.isLost ? 1 : code;
}

/** As `runCommand`; returns the exit code instead of setting it. */
export async function execute(
  program: string,
  description: Command | CommandGroup,
  args: readonly string[],
): Promise<number> {
  let usage = usageText(program, description);
  try {
    const call = parse(program, description, args);
    usage = usageText(call.program, call.description);
    const [key] = call.words;
    if (call.given['help'] && key !== undefined && call.description.takesKeys) {
      process.stdout.write(keyHelp(key));
      return 0;
    }
    if (call.given['help'] || isGroup(call.description)) {
      process.stdout.write(helpText(call.program, call.description));
      return 0;
    }
    const code = await call.description.run(readInput(call.description, call, description));
    return typeof code === 'number' ? code : 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error, usage)}\n`);
    return exitCodeOf(error);
  }
}

/** What the repository has for a machine without an adapter; the library's own messages name none of it. */
const ADAPTER_REMEDY =
  '`npx tsx src/doctor.ts` checks this machine; `bash scripts/install-software-driver.sh` installs a driver.';

function messageOf(error: unknown, usage: string): string {
  if (error instanceof UsageError) {
    return `${usage}\nerror: ${error.message} (see --help)`;
  }
  if (error instanceof AdapterError) return `${error.message}\n${ADAPTER_REMEDY}`;
  if (error instanceof WgradError) return error.message;
  return `${inspect(error)}\n\nThis is a bug in wgrad. Please report it, with the text above.`;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigurationError) return 2;
  if (error instanceof Interruption) return signalExitCode(error.signal);
  return error instanceof FinishedError ? 0 : 1;
}
