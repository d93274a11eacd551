/** The command that executes a run again and compares: see HELP. */
import { realpath } from 'node:fs/promises';
import {
  Interrupted,
  interruptSignal,
  parseCommandLine,
  runCommand,
  takeCount,
  takeDevice,
  takeRun,
} from './pipeline/cli/commandLine.ts';
import { verifyRun } from './pipeline/experiment/verify.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import { formatReceipt, writeReceipt } from './pipeline/runs/verification/receipt.ts';
import { Interruption } from './pipeline/training/errors.ts';

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
  const receipt = await verifyRun(path, { steps, device, signal: interruptSignal() }).catch(
    explainInterruption,
  );
  const written = await writeReceipt(path, receipt);
  console.log(values.json ? JSON.stringify(receipt, null, 2) : formatReceipt(receipt));
  process.stderr.write(`\nwritten  ${written}\n`);
  return receipt.reproduced ? 0 : 1;
}

function explainInterruption(error: unknown): never {
  throw error instanceof Interruption ? new Interrupted('interrupted; nothing was written') : error;
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
