import { expect, test } from 'vitest';
import { open, tensor } from '../../src/index.ts';

const cpu = await open('cpu');

// PyTorch's values.
test('the gradients of 0 to a power', async () => {
  const base = tensor([0, 0, 0, 0], { device: cpu, requiresGrad: true });
  const exponent = tensor([-1, 0, 0.5, 2], { device: cpu, requiresGrad: true });
  base.pow(exponent).sum().backward();
  expect(Array.from(await base.grad!.data())).toEqual([-Infinity, 0, Infinity, 0]);
  expect(Array.from(await exponent.grad!.data())).toEqual([-Infinity, 0, 0, 0]);
});
