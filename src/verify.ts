/** The command that executes a run again and compares: see HELP. */
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  Interrupted,
  interruptSignal,
  parseCommandLine,
  runCommand,
  takeCount,
  takeDevice,
  takeRun,
} from './experiment/commandLine.ts';
import { type Configuration, loadConfiguration } from './experiment/configuration.ts';
import { obtainDatasets } from './experiment/datasets.ts';
import { resolveRun } from './experiment/runDirectory.ts';
import { Interruption } from './experiment/trainer.ts';
import { tuningOf } from './experiment/tuning/runTuning.ts';
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

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const reference = takeRun(positionals);
  const device = takeDevice(values.device);
  const steps = takeCount('--steps', values.steps);

  const path = await realpath(await resolveRun(values.root, reference));
  const recording = await readRecording(path);
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const chosen = device ?? recordedDevice(recording);
  // How far the run came is in its records, however long that takes here.
  const train = { ...configuration.train, maxMinutes: Infinity };
  const receipt = await verify(path, { ...configuration, train, device: chosen }, recording, steps);
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
    tuning: await tuningOf(path),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  process.stderr.write(`device  ${device.name}: ${device.description}\nrun     ${path}\n`);
  if (device.tuning) process.stderr.write(`kernels ${device.tuning.description}\n`);
  process.stderr.write('\n');
  if (device.tuning?.note !== undefined) process.stderr.write(`warning: ${device.tuning.note}\n\n`);
  try {
    const datasets = await obtainDatasets(configuration, device, signal);
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
  } catch (error) {
    throw error instanceof Interruption ? new Interrupted('interrupted; nothing was written') : error;
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
  return parseCommandLine({
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
}

await runCommand(main, HELP);
