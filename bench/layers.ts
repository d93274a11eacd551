/** Times pooling, normalisation and dropout, forward and backward, beside relu of the same tensor. */
import { storedChoices } from '../src/pipeline/diagnostics/tuning/stored.ts';
import type { Backend } from '../src/backend/backend.ts';
import { openWebGpu } from '../src/backend/webgpu/webgpu.ts';
import { grad, ones, randn, scope, setDefaultDevice, type Tensor, zeros } from '../src/index.ts';
import { command, optional } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { median } from './statistics.ts';

const SHAPE = [64, 32, 28, 28];
const CALLS = 3;
const REPETITIONS = 30;

interface Case {
  name: string;
  body: () => void;
  clock: number[];
  processor: number[];
}

const layers = command({
  about: `
    Times pooling, normalisation and dropout, forward and backward, beside relu of the same tensor, the cheapest pass over
    it. It prints processor time, summed over all threads, which says more than the clock on a software driver that shares
    its machine. On a GPU read the column of the clock.`,
  arguments: { name: optional('only layers whose name contains this text') },
  examples: ['batchNorm'],
  run: async ({ name }) => {
    const device = await openWebGpu({ tuning: storedChoices });
    setDefaultDevice(device);
    const size = `${(randn(SHAPE).numel() * 4) / 1e6} MB`;
    console.log(`${device.description}; float32[${SHAPE.join(', ')}], ${size}\n`);
    const cases = casesOf(name);
    await time(device, cases);
    print(cases);
  },
});

/** The layers whose name contains a text, and relu. */
function casesOf(wanted = ''): Case[] {
  const cases: Case[] = [];
  const x = randn(SHAPE, { requiresGrad: true });
  const layer = (name: string, forward: (input: Tensor) => Tensor, ...parameters: Tensor[]): void => {
    const add = (label: string, body: () => void): void => {
      if (label === 'relu' || label.includes(wanted)) {
        cases.push({ name: label, body, clock: [], processor: [] });
      }
    };
    add(name, () => forward(x));
    const y = forward(x);
    const gradOutputs = [randn(y.shape)];
    add(`${name}, backward`, () => grad(y, [x, ...parameters], { gradOutputs, retainGraph: true }));
  };
  const weight = ones([SHAPE[1]!], { requiresGrad: true });
  const bias = zeros([SHAPE[1]!], { requiresGrad: true });
  const [mean, variance] = [zeros([SHAPE[1]!]), ones([SHAPE[1]!])];
  const [rowWeight, rowBias] = [
    ones(SHAPE.slice(2), { requiresGrad: true }),
    zeros(SHAPE.slice(2), { requiresGrad: true }),
  ];
  layer('relu', (input) => input.relu());
  layer('maxPool2d 2', (input) => input.maxPool2d({ kernelSize: 2 }));
  layer('maxPool2d 3, stride 2, padding 1', (input) =>
    input.maxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  );
  layer('avgPool2d 2', (input) => input.avgPool2d({ kernelSize: 2 }));
  layer('adaptiveAvgPool2d 1', (input) => input.adaptiveAvgPool2d(1));
  layer('adaptiveAvgPool2d 5', (input) => input.adaptiveAvgPool2d(5));
  layer(
    'batchNorm, training',
    (input) => input.batchNorm(mean, variance, { weight, bias, training: true }),
    weight,
    bias,
  );
  // With statistics of their own, since the training ones change in place.
  const [keptMean, keptVariance] = [mean.clone(), variance.clone()];
  layer(
    'batchNorm, evaluation',
    (input) => input.batchNorm(keptMean, keptVariance, { weight, bias }),
    weight,
    bias,
  );
  layer(
    'layerNorm',
    (input) => input.layerNorm(SHAPE.slice(2), { weight: rowWeight, bias: rowBias }),
    rowWeight,
    rowBias,
  );
  layer('dropout', (input) => input.dropout({ p: 0.25 }));

  return cases;
}

/** Repeats all cases in turns. */
async function time(device: Backend, cases: readonly Case[]): Promise<void> {
  for (let repetition = -2; repetition < REPETITIONS; repetition++) {
    for (const { body, clock, processor } of cases) {
      await device.synchronize();
      const [start, usage] = [performance.now(), process.cpuUsage()];
      for (let call = 0; call < CALLS; call++) scope(body);
      await device.synchronize();
      const { user, system } = process.cpuUsage(usage);
      if (repetition < 0) continue;
      clock.push(((performance.now() - start) * 1000) / CALLS);
      processor.push((user + system) / CALLS);
    }
  }
}

function print(cases: readonly Case[]): void {
  const relu = median(cases[0]!.processor);
  const line = (name: string, ...cells: string[]): void =>
    console.log(`${name.padEnd(44)}${cells.map((cell, at) => cell.padStart(at < 2 ? 12 : 8)).join('')}`);
  line('', 'processor', 'clock', 'relus');
  for (const { name, clock, processor } of cases) {
    const spent = median(processor);
    line(name, `${spent.toFixed(0)} µs`, `${median(clock).toFixed(0)} µs`, (spent / relu).toFixed(2));
  }
}

await runCommand('npx tsx bench/layers.ts', layers);
