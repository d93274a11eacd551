import { type Backend, crossEntropy, nn, optim, scope, setDefaultDevice } from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';
import { type FixtureTensor, fromFixture } from './operations.ts';
import { relative } from './training.ts';

interface NetworkFixture {
  options: optim.SgdOptions;
  initial: Record<string, FixtureTensor>;
  batches: { input: FixtureTensor; target: FixtureTensor }[];
  losses: number[];
  final: Record<string, FixtureTensor>;
}

const fixture = loadFixture('network.json') as NetworkFixture;

/** Bound on the relative error of losses, weights and running statistics against PyTorch. */
export const NETWORK_BOUND = 1e-5;

/** The worst relative errors after training the CNN of the fixture for its 15 steps. */
export async function networkErrors(device: Backend): Promise<{ losses: number; state: number }> {
  setDefaultDevice(device);
  const model = new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(4, 8, 3, { padding: 1 }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32, 5),
  );
  const initial = Object.entries(fixture.initial).map(([name, value]) => [name, fromFixture(value, device)]);
  model.loadStateDict(Object.fromEntries(initial) as nn.StateDict);
  const optimizer = new optim.SGD(model.parameters(), fixture.options);
  const batches = fixture.batches.map(({ input, target }) => ({
    input: fromFixture(input, device),
    target: fromFixture(target, device),
  }));
  const losses = fixture.losses.map((_, step) => {
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
  const errors = await Promise.all(
    Object.entries(fixture.final).map(async ([name, wanted]) =>
      relative(await state[name]!.data(), wanted.data.map(Number)),
    ),
  );
  return { losses: relative(found, fixture.losses), state: Math.max(...errors) };
}
