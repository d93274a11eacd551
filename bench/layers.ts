/**
 * What pooling, normalisation and dropout cost, forward and backward, beside relu of the same tensor: the cheapest
 * pass over it. Prints processor time, all threads together, which says more than the clock on a software driver that
 * shares its machine; on a GPU read the clock's column.
 *
 *   npx tsx bench/layers.ts [part of a name]
 */
import { storedChoices } from '../src/pipeline/diagnostics/tuning/stored.ts';
import { openWebGpu } from '../src/backend/webgpu/webgpu.ts';
import { grad, ones, randn, scope, setDefaultDevice, type Tensor, zeros } from '../src/index.ts';
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

const device = await openWebGpu({ tuning: storedChoices });
setDefaultDevice(device);
console.log(`${device.description}; float32[${SHAPE.join(', ')}], ${(randn(SHAPE).numel() * 4) / 1e6} MB\n`);

const cases: Case[] = [];
const x = randn(SHAPE, { requiresGrad: true });

/** Times a layer and its gradients. */
function layer(name: string, forward: (input: Tensor) => Tensor, ...parameters: Tensor[]): void {
  const add = (label: string, body: () => void): void => {
    if (label === 'relu' || label.includes(process.argv[2] ?? '')) {
      cases.push({ name: label, body, clock: [], processor: [] });
    }
  };
  add(name, () => forward(x));
  const y = forward(x);
  const gradOutputs = [randn(y.shape)];
  add(`${name}, backward`, () => grad(y, [x, ...parameters], { gradOutputs, retainGraph: true }));
}

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
const relu = median(cases[0]!.processor);
console.log(`${''.padEnd(44)}${'processor'.padStart(12)}${'clock'.padStart(12)}${'relus'.padStart(8)}`);
for (const { name, clock, processor } of cases) {
  const spent = median(processor);
  console.log(
    `${name.padEnd(44)}${`${spent.toFixed(0)} µs`.padStart(12)}${`${median(clock).toFixed(0)} µs`.padStart(12)}` +
      (spent / relu).toFixed(2).padStart(8),
  );
}
