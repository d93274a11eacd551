import { expect, test } from 'vitest';
import { nn, open, setDefaultDevice, type Tensor, tensor } from '../../src/index.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { BadAnswerError, BatchedModel } from '../../src/serve/inference/batchedModel.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

/** A model whose logits are always these. */
class Fixed extends nn.Module {
  readonly #logits: readonly number[];

  constructor(...logits: number[]) {
    super();
    this.#logits = logits;
  }

  override forward(x: Tensor): Tensor {
    return tensor(Array.from({ length: x.shape[0]! }, () => [...this.#logits]));
  }
}

const data = { ...FASHION_MNIST_DESCRIPTION, height: 1, width: 2, classes: ['a', 'b'] };
const predict = (...logits: number[]): Promise<Float32Array[]> =>
  new BatchedModel(cpu, new Fixed(...logits), data, 4).predict([
    [0, 255],
    [3, 4],
  ]);

test('the answers are probabilities, one row for each image', async () => {
  const rows = await predict(0, Math.log(3));
  expect(rows).toHaveLength(2);
  for (const [first, second] of rows) {
    expect(first).toBeCloseTo(0.25, 6);
    expect(second).toBeCloseTo(0.75, 6);
  }
});

test.each([
  [NaN, 0],
  [0, NaN],
  [Infinity, 0],
  [-Infinity, -Infinity],
])('logits of %d and %d give no probabilities: an error, not an answer', async (...logits) => {
  await expect(predict(...logits)).rejects.toThrow(BadAnswerError);
});
