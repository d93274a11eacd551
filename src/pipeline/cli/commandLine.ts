import { parseArgs, type ParseArgsConfig } from 'node:util';
import { WgradError } from '../../backend/errors.ts';
import { DataError } from '../data/errors.ts';
import { type DeviceName, isDeviceName } from '../../tensor/device.ts';
import { ConfigurationError } from '../config/error.ts';

/** The command was called wrongly: its help is shown, and it ends with 2. */
export class UsageError extends Error {}

/** Ctrl-C was pressed: the message says what is left behind, and the command ends with 130. */
export class Interrupted extends Error {}

/**
 * What stands on a command line.
 *
 * @throws UsageError for an option that there is not, or without its value
 */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The one run that a command is for. */
export function takeRun([reference, ...rest]: readonly string[]): string {
  if (reference === undefined) throw new UsageError('give a run: latest, an id, or a folder');
  if (rest.length > 0) throw new UsageError(`one run at a time, got also: ${rest.join(' ')}`);
  return reference;
}

/** The value of `--device`; undefined without the option. */
export function takeDevice(name: string | undefined): DeviceName | undefined {
  if (name === undefined || isDeviceName(name)) return name;
  throw new UsageError(`--device takes webgpu, cpu or auto, got ${name}`);
}

/** The value of an option that counts something; undefined without the option. */
export function takeCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`${option} takes a whole number from 1 up, got ${text}`);
}

/**
 * Aborted by the first Ctrl-C or SIGTERM, so that the command can stop cleanly; the second ends the process.
 *
 * @param message what is left behind; the signal's reason is then an `Interrupted` that says so
 */
export function interruptSignal(message?: string): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(message === undefined ? undefined : new Interrupted(message));
    });
  }
  return controller.signal;
}

/**
 * Runs a command with the arguments of the process, and sets the exit code: what `main` returns, else 0; 2 for a wrong
 * call or configuration, 130 when interrupted, 1 for any other error. Of errors that are expected the message is
 * printed alone.
 */
export async function runCommand(
  main: (args: string[]) => Promise<number> | Promise<void>,
  help: string,
): Promise<void> {
  try {
    const code = await main(process.argv.slice(2));
    process.exitCode = typeof code === 'number' ? code : 0;
  } catch (error) {
    process.exitCode = report(error, help);
  }
}

function report(error: unknown, help: string): number {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${help}`);
    return 2;
  }
  if (error instanceof Interrupted) {
    console.error(error.message);
    return 130;
  }
  const expected = error instanceof WgradError || error instanceof DataError;
  console.error(expected ? error.message : error);
  return error instanceof ConfigurationError ? 2 : 1;
}
