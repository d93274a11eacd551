import { expect, test } from 'vitest';
import { init, nn } from '../../src/index.ts';
import { keywords, pythonText } from '../../src/nn/representation.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

await init('cpu');

test('a model prints as PyTorch prints it', () => {
  const model = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(784, 16),
    new nn.ReLU(),
    new nn.Dropout(0.2),
    new nn.LeakyReLU(),
    new nn.GELU(),
    new nn.GELU({ approximate: 'tanh' }),
    new nn.SiLU(),
    new nn.Sigmoid(),
    new nn.Tanh(),
    new nn.Linear(16, 3, { bias: false }),
    new nn.Sequential(new nn.LeakyReLU(1e-5), new nn.Sequential()),
  );
  // Printed by PyTorch 1.13.
  expect(String(model)).toBe(
    `Sequential(
  (0): Flatten(start_dim=1, end_dim=-1)
  (1): Linear(in_features=784, out_features=16, bias=True)
  (2): ReLU()
  (3): Dropout(p=0.2, inplace=False)
  (4): LeakyReLU(negative_slope=0.01)
  (5): GELU(approximate='none')
  (6): GELU(approximate='tanh')
  (7): SiLU()
  (8): Sigmoid()
  (9): Tanh()
  (10): Linear(in_features=16, out_features=3, bias=False)
  (11): Sequential(
    (0): LeakyReLU(negative_slope=1e-05)
    (1): Sequential()
  )
)`,
  );
});

test('modules of one’s own print their fields, and what they add', () => {
  class Residual extends nn.Module {
    readonly inner = new nn.Linear(8, 8);
    override forward(x: Tensor): Tensor {
      return this.inner.forward(x).add(x);
    }
  }
  class Named extends Residual {
    override extraRepr(): string {
      return 'a=1';
    }
  }
  const inner = '(inner): Linear(in_features=8, out_features=8, bias=True)';
  expect(String(new Residual())).toBe(`Residual(\n  ${inner}\n)`);
  expect(String(new Named())).toBe(`Named(\n  a=1\n  ${inner}\n)`);
});

test.each([
  [0.01, '0.01'],
  [1e-4, '0.0001'],
  [1e-5, '1e-05'],
  [1.5e-12, '1.5e-12'],
  [-0.25, '-0.25'],
  [0, '0'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
  [NaN, 'nan'],
  [true, 'True'],
  ['none', "'none'"],
  [[3, 3], '(3, 3)'],
  [[4], '(4,)'],
  [null, 'None'],
])('%j is %s in Python', (value, text) => {
  expect(pythonText(value)).toBe(text);
});

test('keywords are in snake case, and those that are undefined left out', () => {
  expect(keywords({ kernelSize: [3, 3], groups: undefined, trackRunningStats: false })).toBe(
    'kernel_size=(3, 3), track_running_stats=False',
  );
});
