import { describe, expect, it } from 'vitest';
import {
  type Configuration,
  ConfigurationError,
  parseConfiguration,
} from '../../../src/pipeline/config/configuration.ts';
import { applyOverrides } from '../../../src/pipeline/config/overrides.ts';
import {
  exampleTrial,
  gridTrials,
  type Overrides,
  parseAxes,
  randomTrial,
} from '../../../src/pipeline/sweep/axes.ts';
import { planTrials, trialMaker } from '../../../src/pipeline/sweep/plan.ts';
import type { Trial } from '../../../src/pipeline/sweep/trial.ts';

function configure(overrides: Overrides): Configuration {
  const base = { name: 'test', model: { name: 'mlp' }, optimizer: { name: 'adam' } };
  return parseConfiguration(applyOverrides({ value: base, locate: () => undefined }, overrides).value);
}

function plan(
  texts: string[],
  options: { random?: number; seed?: number; code?: string; data?: string } = {},
): Promise<Trial[]> {
  const { random, seed = 0, code = 'code', data = 'data' } = options;
  const make = trialMaker({
    configure,
    // The folder `copy` holds the same data as the default folder.
    dataVersion: ({ name, root }) =>
      Promise.resolve(
        `${data} of ${root === 'copy' ? 'data/raw' : root}${name === 'fashion-mnist' ? '' : `, ${name}`}`,
      ),
    codeVersion: code,
    weightsVersion: (init) => Promise.resolve(`weights of ${init}`),
  });
  return planTrials({ axes: parseAxes(texts), seed, random }, make);
}

const ids = (trials: readonly Trial[]): string[] => trials.map(({ id }) => id);

describe('a grid', () => {
  it('has all combinations', () => {
    const axes = parseAxes(['optimizer.lr=1e-3,3e-4', 'model.hidden=[128],[256,128]', 'train.epochs=3']);
    expect(gridTrials(axes)).toEqual([
      ['optimizer.lr=1e-3', 'model.hidden=[128]', 'train.epochs=3'],
      ['optimizer.lr=1e-3', 'model.hidden=[256,128]', 'train.epochs=3'],
      ['optimizer.lr=3e-4', 'model.hidden=[128]', 'train.epochs=3'],
      ['optimizer.lr=3e-4', 'model.hidden=[256,128]', 'train.epochs=3'],
    ]);
    expect(gridTrials(parseAxes(['optimizer={name: sgd, lr: 0.1},{name: adam}', "name='a,b',c"]))).toEqual([
      ['optimizer={name: sgd, lr: 0.1}', "name='a,b'"],
      ['optimizer={name: sgd, lr: 0.1}', 'name=c'],
      ['optimizer={name: adam}', "name='a,b'"],
      ['optimizer={name: adam}', 'name=c'],
    ]);
  });

  it.each([
    [['lr'], 'key=value,value…'],
    [['optimizer.lr='], 'a value at least'],
    [['optimizer.lr=1,,2'], 'value'],
    [['optimizer.lr=[1,2'], 'YAML values'],
    [['optimizer.lr=1', 'optimizer.lr=2'], 'optimizer.lr twice'],
    [['optimizer.lr=log(0,1)'], 'log(low,high) with 0 < low < high'],
    [['seed=int(1.5,3)'], 'int(low,high) with whole numbers'],
    [['model.dropout=uniform(1,0)'], 'uniform(low,high) with low < high'],
    [['model.dropout=uniform(-1e308,1e308)'], 'a finite high - low'],
    [[], 'a sweep takes keys to vary'],
  ])('refuses %j', (texts, message) => {
    expect(() => parseAxes(texts)).toThrow(ConfigurationError);
    expect(() => parseAxes(texts)).toThrow(message);
  });

  it('refuses what is to be drawn, and more than can be run', () => {
    expect(() => gridTrials(parseAxes(['optimizer.lr=log(1e-4,1e-2)']))).toThrow('--random N');
    const many = Array.from({ length: 101 }, (_, value) => value).join(',');
    expect(() => gridTrials(parseAxes([`seed=${many}`, `train.epochs=${many}`]))).toThrow(
      '10000 trials at most',
    );
  });

  it('refuses a trial that is no configuration before any is run', async () => {
    await expect(plan(['model.dropout=0.1,2'])).rejects.toThrow('model.dropout');
  });
});

describe('random draws', () => {
  it('are the same for a seed, within their ranges, and others for another', () => {
    const axes = parseAxes([
      'optimizer.lr=log(1e-4,1e-2)',
      'model.dropout=uniform(0,0.5)',
      'train.epochs=int(1,3)',
      'seed=5,6',
    ]);
    const draws = Array.from({ length: 4000 }, (_, trial) => randomTrial(axes, 1, trial));
    expect(draws).toEqual(Array.from({ length: 4000 }, (_, trial) => randomTrial(axes, 1, trial)));
    expect(randomTrial(axes, 2, 0)).not.toEqual(draws[0]);
    const [rates, dropouts, epochs, seeds] = [0, 1, 2, 3].map((axis) =>
      draws.map((draw) => Number(draw[axis]!.split('=')[1])),
    ) as [number[], number[], number[], number[]];
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-2);
    // Half of a logarithmic range lies below its geometric mean.
    expect(rates.filter((rate) => rate < 1e-3).length / 4000).toBeCloseTo(0.5, 1);
    expect(dropouts.filter((dropout) => dropout < 0.25).length / 4000).toBeCloseTo(0.5, 1);
    expect(new Set(epochs)).toEqual(new Set([1, 2, 3]));
    expect(new Set(seeds)).toEqual(new Set([5, 6]));
  });

  it.each([
    ['log(1e-4,1)', '0.01'],
    ['uniform(0.9,1)', '0.95'],
    ['uniform(0.999,0.9999)', '0.99945'],
    ['uniform(-1000.001,-1000)', '-1000.0005'],
    ['log(1,1.0000001)', '1.00000005'],
    ['uniform(1,1.0000000000000002)', '1'],
  ])('have four digits that differ in the range: %s', (range, middle) => {
    const axes = parseAxes([`model.dropout=${range}`]);
    expect(exampleTrial(axes)).toEqual([`model.dropout=${middle}`]);
    const values = Array.from({ length: 100 }, (_, draw) => randomTrial(axes, 1, draw)[0]);
    expect(new Set(values).size > 90).toBe(middle !== '1');
  });

  it('give so many different trials, or all there are', async () => {
    expect(new Set(ids(await plan(['optimizer.lr=log(1e-4,1e-2)'], { random: 20 }))).size).toBe(20);
    expect(await plan(['seed=1,2', 'train.epochs=3,4'], { random: 20 })).toHaveLength(4);
  });
});

describe('a trial’s identity', () => {
  it('is that of what it comes to: configuration, data and code, not where they are', async () => {
    const [id] = ids(await plan(['optimizer.lr=1e-3']));
    for (const same of [
      plan(['optimizer.lr=0.001']),
      plan(['optimizer={lr: 0.001, name: adam}']),
      plan(['run.dir=elsewhere']),
      plan(['data.root=copy']),
      plan(['seed=0', 'train.epochs=10']),
    ]) {
      expect(ids(await same)).toEqual([id]);
    }
    for (const other of [
      plan(['optimizer.lr=2e-3']),
      plan(['seed=1']),
      plan(['optimizer.lr=1e-3'], { code: 'other' }),
      plan(['optimizer.lr=1e-3'], { data: 'other' }),
      plan(['data.root=other']),
    ]) {
      expect(ids(await other)).not.toEqual([id]);
    }
  });

  it('has the version of its own data, where a sweep has several folders or names', async () => {
    const versionsOf = async (texts: string[]): Promise<string[]> =>
      (await plan(texts)).map(({ versions }) => versions.data);
    expect(await versionsOf(['data.root=one,other'])).toEqual(['data of one', 'data of other']);
    const [warm, cold] = [await plan(['init=a.safetensors']), await plan(['seed=1'])];
    expect(warm[0]!.versions.init).toBe('weights of a.safetensors');
    expect(cold[0]!.versions).not.toHaveProperty('init');
    expect(await versionsOf(['data.name=fashion-mnist,small', 'data.root=one'])).toEqual([
      'data of one',
      'data of one, small',
    ]);
  });

  it('counts once, however it is written', async () => {
    expect(await plan(['optimizer.lr=1e-3,0.001,1.0e-3,2e-3'])).toHaveLength(2);
  });
});
