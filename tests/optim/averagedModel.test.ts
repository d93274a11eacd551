import { beforeEach, describe, expect, it } from 'vitest';
import { capture, init, nn, noGrad, optim, type Tensor, tensor } from '../../src/index.ts';

beforeEach(async () => {
  await init('cpu');
});

/** A model of one weight, and the values that it takes. */
function weighted(): { model: nn.Module; set: (value: number) => void; weight: () => Promise<number> } {
  const model = new nn.Linear(1, 1, { bias: false });
  return {
    model,
    set: (value) => noGrad(() => void model.weight.fill_(value)),
    weight: () => model.weight.item(),
  };
}

describe('AveragedModel', () => {
  it('averages all weights alike', async () => {
    const { model, set, weight } = weighted();
    const average = new optim.AveragedModel(model);
    for (const value of [1, 2, 6]) {
      set(value);
      average.updateParameters();
    }
    average.swap();
    expect(await weight()).toBe(3);
    average.swap();
    expect([await weight(), average.nAveraged]).toEqual([6, 3]);
  });

  it('keeps a share of the average: the first update copies', async () => {
    const { model, set, weight } = weighted();
    const average = new optim.AveragedModel(model, { decay: 0.75 });
    for (const value of [8, 4, 0]) {
      set(value);
      average.updateParameters();
    }
    average.swap();
    expect(await weight()).toBe(0.75 * (0.75 * 8 + 0.25 * 4));
  });

  it('takes updates with a decay in a captured step, and refuses those of a mean there', async () => {
    const { model, set, weight } = weighted();
    const average = new optim.AveragedModel(model, { decay: 0.75 });
    const step = capture(() => average.updateParameters());
    for (const value of [8, 4, 0]) {
      set(value);
      step();
    }
    average.swap();
    expect([await weight(), average.nAveraged]).toEqual([0.75 * (0.75 * 8 + 0.25 * 4), 3]);
    const mean = new optim.AveragedModel(model);
    const refused = capture(() => mean.updateParameters());
    refused();
    expect(refused).toThrow(/updateParameters\(\) of a mean/);
  });

  it('refuses a model whose parameter was replaced, which it would not follow', () => {
    const model = new nn.Linear(1, 1, { bias: false });
    const average = new optim.AveragedModel(model);
    average.updateParameters();
    model.weight.requiresGrad = false;
    average.updateParameters();
    model.weight = new nn.Parameter(tensor([[5]]));
    expect(() => average.updateParameters()).toThrow('got    a model without weight, float32[1, 1]');
    expect(() => average.swap()).toThrow('swap: a parameter of the model was replaced');
  });

  it('averages running statistics if asked to', async () => {
    const model = new nn.BatchNorm1d(1, { affine: false });
    const statistics = async (useBuffers: boolean): Promise<number> => {
      const average = new optim.AveragedModel(model, { decay: 0.5, useBuffers });
      for (const value of [4, 8]) {
        model.runningMean!.fill_(value);
        average.updateParameters();
      }
      average.swap();
      const mean = await model.runningMean!.item();
      average.dispose();
      return mean;
    };
    expect([await statistics(false), await statistics(true)]).toEqual([8, 6]);
  });

  it('continues from its state', async () => {
    const { model, set, weight } = weighted();
    const [first, second] = [new optim.AveragedModel(model), new optim.AveragedModel(model)];
    for (const value of [2, 4]) {
      set(value);
      first.updateParameters();
    }
    expect(Object.keys(first.stateDict())).toEqual(['n_averaged', 'module.weight']);
    await second.loadStateDict(first.stateDict());
    set(9);
    second.updateParameters();
    second.swap();
    expect(await weight()).toBe(5);
    await expect(second.loadStateDict({ n_averaged: tensor(1) })).rejects.toThrow(/names differ/);
  });

  it('changes nothing where a saved state does not fit', async () => {
    const model = new nn.Linear(1, 1);
    const average = new optim.AveragedModel(model);
    average.updateParameters();
    const before = average.stateDict();
    const numbers = (): Promise<unknown> => before['module.weight']!.toArray();
    const weight = await numbers();
    const other = { ...before, 'module.weight': tensor([[9]]) };
    const load = (state: Record<string, Tensor>): Promise<void> => average.loadStateDict(state);
    await expect(load({ ...other, 'module.bias': tensor([1, 2]) })).rejects.toThrow(
      /module\.bias does not fit/,
    );
    for (const count of [-1, 0.5]) {
      await expect(load({ ...other, n_averaged: tensor(count) })).rejects.toThrow(/an integer ≥ 0/);
    }
    expect([await numbers(), average.nAveraged]).toEqual([weight, 1]);
  });
});

it('clipGradValue limits each element, also of an optimizer with its own memory', async () => {
  const weights = [tensor([1, 1, 1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
  const optimizer = new optim.SGD(weights, { lr: 1 });
  weights[0]!
    .mul(tensor([-3, 0.5, 2]))
    .sum()
    .add(weights[1]!.mul(5).sum())
    .backward();
  optim.clipGradValue(weights, 1);
  expect(await weights[0]!.grad!.toArray()).toEqual([-1, 0.5, 1]);
  optimizer.step();
  expect(await weights[1]!.toArray()).toEqual([0]);
  expect(() => {
    optim.clipGradValue(weights, -1);
  }).toThrow(/invalid clipValue/);
});
