import { AdapterError, type Backend } from '../src/index.ts';
import { command, optional } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { oneOf } from '../src/pipeline/cli/values.ts';
import { openWebGpu } from './adapter.ts';
import type { OperationName, Row } from './gradients/cases.ts';
import {
  DERIVATIVE_BOUND,
  derivativeErrors,
  deviation,
  DEVIATION_BOUND,
  hasDerivatives,
  openReference,
} from './gradients/check.ts';
import { table } from './gradients/table.ts';

const names = Object.keys(table) as OperationName[];

const gradcheck = command({
  about: `
    Runs the table of gradient checks and prints the worst errors of every operation: analytical against numerical
    derivatives on the CPU in float64, and WebGPU against the CPU.`,
  arguments: { operation: optional('one operation only', oneOf(names)) },
  exitCodes: { 0: 'all gradients are right', 1: 'a gradient is wrong, or failed' },
  run: async ({ operation }) => {
    const cpu = await openReference();
    const opened = await openWebGpu();
    const webgpu = opened instanceof AdapterError ? undefined : opened;
    const facts =
      opened instanceof AdapterError ? ` is SKIPPED: ${opened.message}` : `: ${opened.description}`;
    console.log(`WebGPU${facts}\n`);
    print('operation', 'cases', 'first', 'second', 'webgpu');
    let failures = 0;
    for (const name of operation === undefined ? names : [operation]) {
      const { failed, cells } = await check(table[name], cpu, webgpu);
      print(name, ...cells, failed.length === 0 ? 'ok' : 'FAIL');
      for (const line of failed) console.log(`    ${line}`);
      failures += failed.length;
    }
    console.log(
      `\nfirst, second: worst relative error against central differences, at most ${DERIVATIVE_BOUND}` +
        `\nwebgpu: worst deviation from the CPU in float64, in √terms · max(|cpu|, min(1, M)), at most ${DEVIATION_BOUND} · the row's factor`,
    );
    return failures === 0 ? 0 : 1;
  },
});

async function check(
  row: Row,
  cpu: Backend,
  webgpu: Backend | undefined,
): Promise<{ failed: string[]; cells: string[] }> {
  const failed: string[] = [];
  const worst = { first: 0, second: 0, webgpu: 0 };
  let differenced = false;
  const bound = DEVIATION_BOUND * (row.looser?.factor ?? 1);
  for (const each of row.cases) {
    try {
      if (hasDerivatives(row, each)) {
        differenced = true;
        const { first, second } = await derivativeErrors(each, cpu);
        worst.first = Math.max(worst.first, first);
        worst.second = Math.max(worst.second, second);
        if (!(Math.max(first, second) <= DERIVATIVE_BOUND))
          failed.push(`${each.name}: first ${format(first)}, second ${format(second)}`);
      }
      if (!webgpu) continue;
      const off = await deviation(each, cpu, webgpu);
      worst.webgpu = Math.max(worst.webgpu, off);
      if (!(off <= bound))
        failed.push(`${each.name}: WebGPU off by ${format(off)}, at most ${format(bound)}`);
    } catch (error) {
      failed.push(`${each.name}: ${String(error)}`);
    }
  }
  const of = (value: number): string => (differenced ? format(value) : '-');
  return {
    failed,
    cells: [
      String(row.cases.length),
      of(worst.first),
      of(worst.second),
      webgpu ? format(worst.webgpu) : 'skipped',
    ],
  };
}

function format(value: number): string {
  return value === 0 || !Number.isFinite(value) ? String(value) : value.toExponential(1);
}

function print(name: string, ...cells: string[]): void {
  console.log(`${name.padEnd(14)} ${cells.map((cell) => cell.padStart(9)).join(' ')}`.trimEnd());
}

await runCommand('npm run gradcheck --', gradcheck);
