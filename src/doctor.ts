/** The command that says what this machine has, and how to mend what is missing: see HELP. */
import { parseArgs } from 'node:util';
import { examine, formatFindings } from './pipeline/diagnostics/doctor/doctor.ts';

const HELP = `usage: npx tsx src/doctor.ts [--json] [--root <folder>]

Says what this machine has for training (Node, WebGPU adapter and driver, data, disk) and how to mend what is missing.

  --json           the findings as JSON
  --root <folder>  where the data set is kept (default data/raw)
  --help           print this

exit codes: 0 training can work here, if only on the CPU; 1 it cannot; 2 wrong usage`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      root: { type: 'string', default: 'data/raw' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const findings = await examine(values.root);
  console.log(values.json ? JSON.stringify(findings, null, 2) : formatFindings(findings));
  return findings.some(({ state, needed }) => state === 'missing' && needed) ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
