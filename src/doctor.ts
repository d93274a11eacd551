/** The command that checks what this machine has for training. */
import { command } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { dataFolder, json, printJson } from './pipeline/cli/shared.ts';

const doctor = command({
  about: `
    Checks what this machine has for training (Node, WebGPU adapter and driver, data, disk), and prints how to add what is
    missing.`,
  options: { root: dataFolder, json },
  exitCodes: { 0: 'training works here, at least on the CPU', 1: 'training cannot work here' },
  run: async ({ root, json }) => {
    const { examine, formatFindings } = await import('./pipeline/diagnostics/doctor/doctor.ts');
    const findings = await examine(root);
    if (json) printJson(findings);
    else console.log(formatFindings(findings));
    return findings.some(({ state, needed }) => state === 'missing' && needed) ? 1 : 0;
  },
});

await runCommand('npx tsx src/doctor.ts', doctor);
