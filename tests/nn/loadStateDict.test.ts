import { expect, test } from 'vitest';
import { nn, ones, open, optim, setDefaultDevice, type Tensor } from '../../src/index.ts';

setDefaultDevice(await open('cpu'));
const other = await open('cpu');

/** What a tensor of a state may be instead of the right one. */
const wrong: [what: string, make: (right: Tensor) => Tensor | undefined][] = [
  ['missing', () => undefined],
  ['of another shape', ({ shape }) => ones([...shape, 1])],
  ['of another dtype of four bytes', ({ shape }) => ones(shape, { dtype: 'int32' })],
  ['of another dtype of eight bytes', ({ shape }) => ones(shape, { dtype: 'float64' })],
  ['of bools', ({ shape }) => ones(shape, { dtype: 'bool' })],
  ['on another device', ({ shape }) => ones(shape, { device: other })],
  [
    'freed',
    ({ shape }) => {
      const freed = ones(shape);
      freed.dispose();
      return freed;
    },
  ],
];

async function valuesOf(tensors: Readonly<Record<string, Tensor>>): Promise<unknown> {
  return Promise.all(Object.values(tensors).map(async (each) => [...(await each.data())]));
}

test.each(wrong)(
  'a module refuses a state with a tensor that is %s, and is then as before',
  async (_, make) => {
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1));
    const before = await valuesOf(model.stateDict());
    const state: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(model.stateDict())) {
      const each = name === '1.weight' ? make(value) : ones(value.shape);
      if (each) state[name] = each;
    }
    expect(() => model.loadStateDict(state)).toThrow(/1\.weight|freed|different devices/);
    expect(await valuesOf(model.stateDict())).toEqual(before);
  },
);

test.each(wrong)(
  'an optimizer refuses a state with a tensor that is %s, and is then as before',
  async (_, make) => {
    const model = new nn.Linear(2, 3);
    const optimizer = new optim.Adam(model.parameters());
    model
      .forward(ones([1, 2]))
      .sum()
      .backward();
    optimizer.step();
    const state = optimizer.stateDict();
    const before = [await valuesOf(state.tensors), state.steps];
    const tensors: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(state.tensors)) {
      const each = name === 'exp_avg_sq.1' ? make(value) : ones(value.shape);
      if (each) tensors[name] = each;
    }
    expect(() => optimizer.loadStateDict({ ...state, steps: [7, 7], tensors })).toThrow();
    const after = optimizer.stateDict();
    expect([await valuesOf(after.tensors), after.steps]).toEqual(before);
  },
);
