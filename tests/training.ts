import type * as library from '../src/index.ts';

/**
 * The losses of a small classifier's first steps, from the same seed everywhere. Its products are large enough for several
 * threads. It runs in Node and, without its types, in pages and other runtimes.
 */
export async function train(
  { crossEntropy, manualSeed, nn, optim, rand, randint, scope }: typeof library,
  steps: number = 10,
): Promise<number[]> {
  manualSeed(1);
  const model = new nn.Sequential(new nn.Linear(784, 64), new nn.ReLU(), new nn.Linear(64, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const [x, labels] = [rand([128, 784]), randint(0, 10, [128])];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = scope(() => {
      const result = crossEntropy(model.forward(x), labels);
      result.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return result;
    });
    losses.push(await loss.item());
  }
  return losses;
}
