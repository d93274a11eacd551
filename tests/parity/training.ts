import {
  type Backend,
  crossEntropy,
  nn,
  optim,
  scope,
  setDefaultDevice,
  type Tensor,
} from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';
import { type FixtureTensor, fromFixture } from './operations.ts';

type SgdRun = { optimizer: 'SGD'; options: optim.SgdOptions };
type AdamRun = { optimizer: 'Adam'; options: optim.AdamOptions };

/** A training run with PyTorch's losses: see tests/fixtures/README.md. */
export type TrainingRun = (SgdRun | AdamRun) & {
  name: string;
  losses: number[];
  final: Record<string, FixtureTensor>;
};

interface TrainingFixture {
  sizes: [number, number, number, number];
  initial: Record<string, FixtureTensor>;
  batches: { input: FixtureTensor; target: FixtureTensor }[];
  runs: TrainingRun[];
}

const fixture = loadFixture('training.json') as TrainingFixture;
export const trainingRuns: readonly TrainingRun[] = fixture.runs;

/** Bound on the relative error of losses and weights against PyTorch. */
export const TRAINING_BOUND = 1e-5;

/** The network with its first weights, and the batches, on a device that is the default. */
export function trainingStart(device: Backend): {
  model: nn.Module;
  batches: { input: Tensor; target: Tensor }[];
} {
  const [inputs, first, second, outputs] = fixture.sizes;
  const model = new nn.Sequential(
    new nn.Linear(inputs, first),
    new nn.ReLU(),
    new nn.Linear(first, second),
    new nn.ReLU(),
    new nn.Linear(second, outputs),
  );
  const initial = Object.entries(fixture.initial).map(
    ([name, value]) => [name, fromFixture(value, device)] as const,
  );
  model.loadStateDict(Object.fromEntries(initial));
  const batches = fixture.batches.map(({ input, target }) => ({
    input: fromFixture(input, device),
    target: fromFixture(target, device),
  }));
  return { model, batches };
}

/** The worst relative error of the losses, and of the final weights, after training as the fixture says. */
export async function trainingErrors(
  run: TrainingRun,
  device: Backend,
): Promise<{ losses: number; weights: number }> {
  setDefaultDevice(device);
  const { model, batches } = trainingStart(device);
  const optimizer =
    run.optimizer === 'SGD'
      ? new optim.SGD(model.parameters(), run.options)
      : new optim.Adam(model.parameters(), run.options);
  const losses = run.losses.map((_, step) => {
    const { input, target } = batches[step % batches.length]!;
    return scope(() => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(input), target);
      loss.backward();
      optimizer.step();
      return loss.detach();
    });
  });
  const found = await Promise.all(losses.map((loss) => loss.item()));
  const state = model.stateDict();
  const weights = await Promise.all(
    Object.entries(run.final).map(async ([name, wanted]) =>
      relative(await state[name]!.data(), wanted.data.map(Number)),
    ),
  );
  return { losses: relative(found, run.losses), weights: Math.max(...weights) };
}

/** The largest error, relative to the largest magnitude. */
export function relative(found: ArrayLike<number>, wanted: readonly number[]): number {
  const scale = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, index) => Math.abs(found[index]! - value))) / scale;
}
