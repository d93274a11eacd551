import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx, importOnnx } from '../../../src/formats/onnx/index.ts';
import { noGrad, open, setDefaultDevice, type Tensor } from '../../../src/index.ts';
import { examples, make, networks } from './models.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

const difference = async (a: Tensor, b: Tensor): Promise<number> => {
  expect([b.shape, b.dtype]).toEqual([a.shape, a.dtype]);
  const [left, right] = [await a.data(), await b.data()];
  return Math.max(0, ...Array.from(left, (each, at) => Math.abs(each - right[at]!)));
};

describe.each([13, 21])(
  'a model that was exported with opset %i and imported gives the same results:',
  (opset) => {
    it.each(examples.map((example) => [example.name, example] as const))('%s', async (_, example) => {
      const { model, input } = make(example);
      const file = await exportOnnx(model, input, { opset, dynamicBatch: !example.fixed });
      const again = importOnnx(file);
      // Any batch: one sample, and the example.
      for (const x of example.fixed ? [input] : [input, input.slice([0, 1])]) {
        const [expected, found] = noGrad(() => [model.forward(x), again.forward(x)]);
        expect(await difference(expected, found)).toBeLessThan(1e-5);
      }
    });
  },
);

describe('an imported model', () => {
  it.each(networks.map((example) => [example.name, example] as const))(
    'has the names, values and gradients of the %s',
    async (_, example) => {
      const { model, input } = make(example);
      const again = importOnnx(await exportOnnx(model, input));
      const expected = model.namedParameters();
      expect(
        again
          .namedParameters()
          .map(([name]) => name)
          .toSorted(),
      ).toEqual(expected.map(([name]) => name).toSorted());
      for (const each of [model, again]) each.forward(input).square().sum().backward();
      const found = new Map(again.namedParameters());
      for (const [name, parameter] of expected) {
        expect(await found.get(name)!.toArray()).toEqual(await parameter.toArray());
        expect(await difference(parameter.grad!, found.get(name)!.grad!)).toBeLessThan(1e-3);
      }
    },
  );
});
