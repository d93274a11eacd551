/** The command that executes a run again and compares: see HELP. */
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { WgradError } from './backend/errors.ts';
import { DataError } from './data/errors.ts';
import { type Configuration, ConfigurationError, loadConfiguration } from './experiment/configuration.ts';
import { openDatasets } from './experiment/datasets.ts';
import { resolveRun } from './experiment/runDirectory.ts';
import { Interruption } from './experiment/trainer.ts';
import { formatReceipt, type Receipt, writeReceipt } from './experiment/verification/receipt.ts';
import { readRecording, type Recording } from './experiment/verification/recording.ts';
import { reexecute } from './experiment/verification/reexecute.ts';
import { buildModel } from './models.ts';
import './ops/methods.ts';
import { init } from './tensor/device.ts';

const HELP = `usage: npx tsx src/verify.ts <run> [options]

Trains a run again from its recorded configuration, data and seed, and says whether everything comes out equal to the
last bit: each reading of its journal, and the final weights. If not, it ends at the first reading that differs, and
says which facts of the environment are others now. The run is latest, an id, or a folder; nothing in it changes but
verification.json, the receipt.

options
  --root <folder>    where runs are looked up (default runs)
  --steps <n>        compare the readings of the first n steps only
  --device <name>    webgpu, cpu or auto (default: the kind of device that the run was recorded on)
  --json             print the receipt as JSON
  --help             print this

exit codes: 0 reproduced, 1 not reproduced or failed, 2 wrong usage, 130 interrupted`;

class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [reference, ...rest] = positionals;
  if (reference === undefined) throw new UsageError('give a run: latest, an id, or a folder');
  if (rest.length > 0) throw new UsageError(`one run at a time, got also: ${rest.join(' ')}`);
  const { device } = values;
  if (device !== undefined && !isDeviceName(device)) {
    throw new UsageError(`--device takes webgpu, cpu or auto, got ${device}`);
  }
  const steps = values.steps === undefined ? undefined : parseCount('--steps', values.steps);

  const path = await realpath(await resolveRun(values.root, reference));
  const recording = await readRecording(path);
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const chosen = device ?? recordedDevice(recording);
  const receipt = await verify(path, { ...configuration, device: chosen }, recording, steps);
  const written = await writeReceipt(path, receipt);
  console.log(values.json ? JSON.stringify(receipt, null, 2) : formatReceipt(receipt));
  process.stderr.write(`\nwritten  ${written}\n`);
  return receipt.reproduced ? 0 : 1;
}

async function verify(
  path: string,
  configuration: Configuration,
  recording: Recording,
  steps: number | undefined,
): Promise<Receipt> {
  const signal = interruptSignal();
  const device = await init(configuration.device, {
    ...(configuration.adapter === undefined ? {} : { adapter: configuration.adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  process.stderr.write(`device  ${device.name}: ${device.description}\nrun     ${path}\n\n`);
  try {
    const datasets = await openDatasets(configuration, device, signal);
    const run = basename(path);
    return await reexecute({
      run,
      recording,
      configuration,
      device,
      datasets,
      build: buildModel,
      steps,
      signal,
    });
  } finally {
    device.destroy();
  }
}

/** Not `auto`, which on a machine without an adapter would compare with another backend. */
function recordedDevice({ environment }: Recording): Configuration['device'] {
  const { adapter } = environment;
  // Adapters have vendors; what the CPU backend says of itself names none.
  return typeof adapter === 'object' && adapter !== null && 'vendor' in adapter ? 'webgpu' : 'cpu';
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        root: { type: 'string', default: 'runs' },
        steps: { type: 'string' },
        device: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isDeviceName(name: string): name is Configuration['device'] {
  return name === 'webgpu' || name === 'cpu' || name === 'auto';
}

function parseCount(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number from 1 up, got ${text}`);
}

/** Aborted by the first Ctrl-C, so that the temporary folder goes; the second one ends the process. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
    process.once('SIGINT', () => process.exit(130));
  });
  return controller.signal;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else if (error instanceof Interruption) {
    console.error('interrupted; nothing was written');
    process.exitCode = 130;
  } else {
    const expected = error instanceof WgradError || error instanceof DataError;
    console.error(expected ? error.message : error);
    process.exitCode = error instanceof ConfigurationError ? 2 : 1;
  }
}
