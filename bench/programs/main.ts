/** The command that compares small training programs with the same ones in PyTorch. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { command, flag, list, option } from '../../src/pipeline/cli/command.ts';
import { runCommand } from '../../src/pipeline/cli/run.ts';
import { oneOf, text, wholeNumber } from '../../src/pipeline/cli/values.ts';
import { table } from '../../src/pipeline/text/table.ts';
import { machineFacts } from '../machine.ts';
import { median } from '../statistics.ts';
import { compare, type ProgramResult } from './compare.ts';
import { PROGRAMS } from './list.ts';

const DEVICES = ['cpu', 'webgpu'] as const;
const NAMES = Object.keys(PROGRAMS);

const programs = command({
  about: `
    Trains small programs on wgrad and on PyTorch with one thread, in turns, each in a process of its own: the same network,
    parameters and batches. It prints the time of a step, and how far the first losses differ. Python needs PyTorch.`,
  arguments: { names: list(`programs: ${NAMES.join(', ')} (default: all)`, 0, oneOf(NAMES)) },
  options: {
    device: option('<name>', oneOf(DEVICES), 'cpu or webgpu', { default: 'cpu' }),
    eager: flag('run each step itself (default: through capture)'),
    rounds: option('<n>', wholeNumber(), 'rounds of 0.2 s; the fastest counts', { default: 15 }),
    python: option('<path>', text, 'the Python that has PyTorch (default: /usr/bin/python3, else python3)'),
    out: option(
      '<file>',
      text,
      'where the figures are written, as JSON (default: bench/results/programs-DEVICE.json for all programs)',
    ),
  },
  examples: ['', 'gpt lstm', '--device webgpu'],
  run: async ({ names, device, eager, rounds, python, out }) => {
    const results: ProgramResult[] = [];
    const options = { device, eager, rounds, python: python ?? findPython() };
    const machine = machineFacts();
    for (const name of names.length > 0 ? names : NAMES) {
      results.push(await compare(name, options));
      console.log(lineOf(results.at(-1)!));
    }
    const { wgrad, pytorch } = results[0]!;
    console.log(`\n${tableOf(results)}\n\n${wgrad.description}; ${pytorch.description}`);
    const file = out ?? (names.length > 0 || eager ? undefined : `bench/results/programs-${device}.json`);
    if (file === undefined) return;
    await mkdir('bench/results', { recursive: true });
    await writeFile(file, `${JSON.stringify({ machine, device, eager, rounds, results }, null, 2)}\n`);
    console.log(`written to ${file}`);
  },
});

function findPython(): string {
  return existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
}

function lineOf({ program, ratio }: ProgramResult): string {
  return `${program}: ${ratio.toFixed(2)} × PyTorch’s time`;
}

function tableOf(results: readonly ProgramResult[]): string {
  const rows = results.map(({ program, wgrad, pytorch, ratio, difference }) => [
    program,
    ...[wgrad, pytorch].map(({ milliseconds }) => milliseconds.least.toFixed(2)),
    ratio.toFixed(2),
    difference.toExponential(0),
    ...[wgrad, pytorch].map(({ peakBytes }) => String(Math.round(peakBytes / 2 ** 20))),
  ]);
  const head = ['', 'wgrad ms', 'PyTorch ms', 'ratio', 'losses differ', 'wgrad MiB', 'PyTorch MiB'];
  const middle = median(results.map(({ ratio }) => ratio)).toFixed(2);
  return table(head, [...rows, ['median', '', '', middle]], 1);
}

await runCommand('npx tsx bench/programs/main.ts', programs);
