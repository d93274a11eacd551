/** The command that times every operation, beside PyTorch. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Backend } from '../src/backend/backend.ts';
import { openCpu } from '../src/backend/cpu/cpu.ts';
import { open, setDefaultDevice } from '../src/index.ts';
import { command, flag, list, option } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { oneOf, several, text, wholeNumber } from '../src/pipeline/cli/values.ts';
import { writeFigure } from '../src/pipeline/reporting/figures/write.ts';
import { UsageError } from '../src/pipeline/text/didYouMean.ts';
import { findPython } from './contenders/python.ts';
import { operationCases } from './operations/cases.ts';
import { operationsFigure } from './operations/figure.ts';
import { type OperationCase, SIZES } from './operations/layouts.ts';
import { PyTorch } from './operations/peer.ts';
import { operationsTable } from './operations/report.ts';
import { type OperationsResult, resultText, startOperations } from './operations/results.ts';
import { Timing } from './operations/timing.ts';

type DeviceKind = 'cpu' | 'webgpu' | 'reference';

const operations = command({
  about: `
    Times every operation in several layouts, forward and with backward, on ${SIZES.join(', ')} elements. On the CPU
    backend PyTorch computes the same in turns, from the same inputs; its time counts only if its results are equal.
    Sorts by the ratio of both times, and marks what takes more than three times as long as PyTorch.`,
  arguments: { parts: list('only cases whose names contain one of these texts') },
  options: {
    device: option(
      '<name>',
      oneOf<DeviceKind>(['cpu', 'webgpu', 'reference']),
      'what computes (default: cpu)',
    ),
    threads: option(
      '<n>',
      wholeNumber(),
      'threads, also of PyTorch; with one, processor time counts (default: 1)',
    ),
    size: option('<n>', several(wholeNumber(1024)), `only these numbers of elements, of ${SIZES.join(', ')}`),
    alone: flag('without PyTorch'),
    python: option('<path>', text, 'the Python that has PyTorch (default: as for npm run bench)'),
    out: option(
      '<file>',
      text,
      'where the figures are written, as JSON, with a plot beside it (default: bench/results/operations-<device>.json where all cases and sizes are timed)',
    ),
  },
  examples: [
    'softmax',
    "'gather rows' scatterAdd --size 102400",
    '--threads 2 --out operations-threads.json',
  ],
  run: async ({ parts, device: kind = 'cpu', threads = 1, size, alone, python, out }) => {
    const sizes = size ?? SIZES;
    const foreign = sizes.find((each) => !SIZES.includes(each));
    if (foreign !== undefined) throw new UsageError(`--size ${foreign}: takes ${SIZES.join(', ')}`);
    const cases = operationCases.filter(
      ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
    );
    if (cases.length === 0) throw new UsageError(`no case contains ${parts.join(' or ')}`);
    const device = await openDevice(kind, threads);
    setDefaultDevice(device);
    const peer = kind === 'cpu' && !alone ? new PyTorch(python ?? findPython(), threads) : undefined;
    try {
      const result = await startOperations(device, threads, sizes, await peer?.facts());
      await timeAll(cases, new Timing(device, peer), result);
      console.log(operationsTable(result));
      const whole = parts.length === 0 && size === undefined;
      const file = out ?? (whole ? `bench/results/operations-${kind}.json` : undefined);
      if (file !== undefined) await write(file, result);
    } finally {
      peer?.stop();
      device.destroy();
    }
  },
});

function openDevice(kind: DeviceKind, threads: number): Promise<Backend> {
  if (kind === 'webgpu') return open('webgpu');
  return openCpu({ reference: kind === 'reference', threads: Math.min(threads, availableParallelism()) });
}

async function timeAll(
  cases: readonly OperationCase[],
  timing: Timing,
  result: OperationsResult,
): Promise<void> {
  for (const [index, each] of cases.entries()) {
    for (const elements of result.sizes) {
      if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K${index + 1} / ${cases.length} ${each.name} ${elements}`);
      const { forward, both } = await timing.costs(each, elements);
      result.costs.push({ name: each.name, elements, pass: 'forward', ...forward });
      if (both) result.costs.push({ name: each.name, elements, pass: 'both', ...both });
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

async function write(file: string, result: OperationsResult): Promise<void> {
  await writeFile(file, resultText(result));
  const stem = file.replace(/\.json$/, '');
  await writeFigure(stem, operationsFigure(result));
  console.log(`written to ${file}, ${stem}.svg, ${stem}.png`);
}

await runCommand('npx tsx bench/operations.ts', operations);
