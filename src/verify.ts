/** The command that trains a run again and compares every result. */
import { realpath } from 'node:fs/promises';
import { command, option } from './pipeline/cli/command.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { device, json, printJson, run, runsFolder as runs } from './pipeline/cli/shared.ts';
import { wholeNumber } from './pipeline/cli/values.ts';

const verify = command({
  about: `
    Trains a run again from its recorded configuration, data and seed, and compares every reading of its journal and the
    final weights with the recorded ones, to the last bit. It stops at the first reading that differs, and prints what
    has changed in the environment. The run's folder changes in one file only: verification.json, the receipt.`,
  arguments: { run },
  options: {
    runs,
    steps: option('<n>', wholeNumber(), 'compare only the readings of the first n steps'),
    device,
    json,
  },
  examples: ['latest', 'latest --steps 100'],
  exitCodes: {
    0: 'reproduced',
    1: 'not reproduced, or failed',
    130: 'interrupted by Ctrl-C; nothing was written',
  },
  run: async ({ run, runs, steps, device, json }) => {
    const { resolveRun } = await import('./pipeline/runs/directory.ts');
    const { verifyRun } = await import('./pipeline/experiment/verify.ts');
    const { formatReceipt, writeReceipt } = await import('./pipeline/runs/verification/receipt.ts');
    const path = await realpath(await resolveRun(runs, run));
    const receipt = await verifyRun(path, { steps, device, signal: interruptSignal() });
    const written = await writeReceipt(path, receipt);
    if (json) printJson(receipt);
    else console.log(formatReceipt(receipt));
    process.stderr.write(`\nwritten  ${written}\n`);
    return receipt.reproduced ? 0 : 1;
  },
});

await runCommand('npx tsx src/verify.ts', verify);
