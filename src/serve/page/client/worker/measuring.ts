import type { Backend } from '../../../../backend/backend.ts';
import { type Configuration, configurationSchema } from '../../../../pipeline/config/schema.ts';
import type { Part } from '../../../../pipeline/data/datasets.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';
import { DeviceDataset } from '../../../../pipeline/data/loader.ts';
import { initialModel } from '../../../../pipeline/models/buildModel.ts';
import { Epoch, type EpochStep } from '../../../../pipeline/training/epoch.ts';
import { Meter } from '../../../../pipeline/training/meter.ts';
import { buildOptimizer } from '../../../../pipeline/training/optimizers.ts';
import { capturedSteps } from '../../../../pipeline/training/step.ts';
import { classification } from '../../../../pipeline/training/tasks.ts';
import { noGrad } from '../../../../tensor/gradientMode.ts';
import { rand } from '../../../../tensor/random.ts';
import { scope } from '../../../../tensor/scope.ts';
import type { Benchmark } from '../benchmarks.ts';
import { CONFIGURATIONS, type ModelName } from '../configurations.ts';

/** Calls before the first measurement, in two parts: kernels are compiled, and a captured step is recorded. */
const COMPILING = 3;
const WARM_UP = 2;
/** Rounds of which the median counts, and the milliseconds that a round takes at least. */
const ROUNDS = 7;
const ROUND = 50;
/** On a slow device, as software drivers are: fewer rounds once a benchmark has taken so many milliseconds. */
const PATIENCE = 5000;
const FEWEST_ROUNDS = 3;
/** Batches of images; the steps go through them over and over. */
const BATCHES = 16;

/** Makes so many calls, and waits until the device is done with them. */
type Round = (calls: number) => Promise<void>;

/** Milliseconds of one call of a benchmark on the default device: the median of several rounds. */
export async function measure(benchmark: Benchmark, device: Backend): Promise<number> {
  const round =
    benchmark.kind === 'product' ? products(benchmark.size, device) : steps(benchmark.model, device);
  const start = performance.now();
  const isLate = (): boolean => performance.now() - start > PATIENCE;
  await round(COMPILING);
  if (!isLate()) await round(WARM_UP);
  let calls = 1;
  // Long enough for the clock, whose steps browsers make coarse.
  while ((await timeOf(round, calls)) < ROUND) calls *= 2;
  const times: number[] = [];
  while (times.length < (isLate() ? FEWEST_ROUNDS : ROUNDS)) times.push((await timeOf(round, calls)) / calls);
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

async function timeOf(round: Round, calls: number): Promise<number> {
  const start = performance.now();
  await round(calls);
  return performance.now() - start;
}

/** Products of two square float32 matrices. */
function products(size: number, device: Backend): Round {
  const [a, b] = [rand([size, size]), rand([size, size])];
  return async (calls) => {
    for (let call = 0; call < calls; call++) scope(() => noGrad(() => void a.matmul(b)));
    await device.synchronize();
  };
}

/** Training steps of the network, optimizer and batch size from which _Train_ starts, on images of noise. */
function steps(name: ModelName, device: Backend): Round {
  const configuration = configurationSchema.parse(CONFIGURATIONS[name]);
  const { batchSize, logEvery } = configuration.train;
  const model = initialModel(configuration, FASHION_MNIST_DESCRIPTION);
  const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
  const meter = new Meter(device, logEvery);
  const parts = { model, task: classification, optimizer, meter, maxNorm: undefined, scaler: undefined };
  const stepper = capturedSteps(parts, device);
  const next = endless(noise(BATCHES * batchSize, device), configuration);
  return async (calls) => {
    for (let call = 0; call < calls; call++) {
      await stepper.take(next());
      if (meter.full) await meter.read();
    }
    // Waits for the device.
    await meter.read();
  };
}

/** Returns the steps of an epoch, one after the other, again and again. */
function endless(part: Part, configuration: Configuration): () => EpochStep {
  const epoch = new Epoch(part, configuration, 1);
  let rest = epoch.steps(0);
  return () => {
    const step = rest.next();
    if (step.done !== true) return step.value;
    rest = epoch.steps(0);
    return rest.next().value as EpochStep;
  };
}

function noise(count: number, device: Backend): Part {
  const { height, width, classes } = FASHION_MNIST_DESCRIPTION;
  // Spread by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
  const images = new Uint8Array(count * height * width).map((_, at) => Math.imul(at, 0x9e3779b1) >>> 24);
  const labels = new Uint8Array(count).map((_, at) => at % classes.length);
  const set = new DeviceDataset(device, { images, labels, count }, FASHION_MNIST_DESCRIPTION);
  return { set, rows: Uint32Array.from(labels.keys()) };
}
