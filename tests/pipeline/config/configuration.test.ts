import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  describeConfiguration,
  loadConfiguration,
  parseConfiguration,
  printConfiguration,
} from '../../../src/pipeline/config/configuration.ts';
import type {
  Configuration,
  ModelConfiguration,
  OptimizerConfiguration,
  ScheduleConfiguration,
} from '../../../src/pipeline/config/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'test.yaml');

const least = 'name: test\nmodel: {name: mlp}\noptimizer: {name: adam}\n';

function load(text: string | Uint8Array, ...overrides: string[]): Configuration {
  writeFileSync(path, text);
  return loadConfiguration(path, overrides);
}

// A list of three million entries took 37 s.
it('refuses a file of more than 262,144 characters unread', () => {
  const text = `${least}data: [${'1,'.repeat(3_000_000)}1]\n`;
  expect(refusal(() => load(text))).toContain(`takes at most 262144 characters, got ${text.length}`);
});

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.replaceAll(path, 'test.yaml');
  }
  throw new Error('nothing was refused');
}

describe('loadConfiguration', () => {
  it.each([
    [['data.format=idx'], /data\.name[^]*a name for your data, as data\.format is idx/],
    [['data.format=images', 'data.name=a', 'data.classes=[a,b]'], /data\.classes[^]*only idx and csv/],
    [['data.format=idx', 'data.name=a', 'data.size=[8,8]'], /data\.size[^]*only csv and images/],
    [['data.test=0.2'], /data\.test[^]*only data of your own/],
    [['data.format=csv', 'data.name=a', 'data.classes=[a,a]'], /data\.classes[^]*each name once/],
    [['data.format=csv', 'data.name=a', 'data.test=0'], /data\.test[^]*whole number > 0/],
    [['data.format=csv', 'data.name=a', 'data.size=[8,1025]'], /data\.size[^]*≤ 1024/],
  ])('refuses keys that do not go with the format of the data: %j', (overrides, message) => {
    expect(refusal(() => load(least, ...overrides))).toMatch(message);
  });

  it('selects the best weights of an autoencoder by its loss', () => {
    const model = 'model={name: autoencoder}';
    expect(load(least, model)).toMatchObject({
      model: { name: 'autoencoder', channels: [16, 32], latent: 20 },
      train: { best: { metric: 'loss' } },
    });
    expect(load(least, model, 'train.best.mode=max').train.best).toEqual({ metric: 'loss', mode: 'max' });
    expect(load(`${least}train: {best: {metric: accuracy}}\n`).train.best).toEqual({ metric: 'accuracy' });
    for (const section of ['train=5', 'train.best=4', 'train.best=[1]']) {
      expect(refusal(() => load(least, model, section))).toContain('takes  a section with');
    }
  });

  it('refuses for an autoencoder what needs classes', () => {
    const words = [
      'model={name: autoencoder, channels: [], latent: 0}',
      'train={best: {metric: accuracy}, earlyStopping: {metric: accuracy}, labelSmoothing: 0.1}',
      'schedule={name: plateau, metric: accuracy}',
    ];
    const problems = refusal(() => load(least, ...words)).replaceAll(/ \(command line: .*\)/g, '');
    expect(problems).toMatchInlineSnapshot(`
      "test.yaml: 6 problems
        model.channels
          takes  list, each item: whole number ≥ 1
          got    []
        model.latent
          takes  whole number ≥ 1
          got    0
        train.best.metric
          takes  loss, as model.name autoencoder has no classes
          got    'accuracy'
        train.earlyStopping.metric
          takes  loss, as model.name autoencoder has no classes
          got    'accuracy'
        schedule.metric
          takes  loss, as model.name autoencoder has no classes
          got    'accuracy'
        train.labelSmoothing
          takes  nothing, as model.name autoencoder has no classes
          got    0.1"
    `);
  });

  it('fills in the defaults', () => {
    expect(load(least)).toEqual({
      name: 'test',
      seed: 0,
      device: 'auto',
      data: {
        name: 'fashion-mnist',
        format: 'fashion-mnist',
        root: 'data/raw',
        validation: 5000,
        augmentation: { flip: 0, shift: 0, erase: 0, eraseArea: [0.02, 0.33] },
      },
      model: { name: 'mlp', hidden: [256, 128], dropout: 0 },
      optimizer: { name: 'adam', lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
      schedule: { name: 'none' },
      train: {
        epochs: 10,
        batchSize: 128,
        accumulate: 1,
        precision: 'float32',
        capture: true,
        logEvery: 50,
        checkpointEvery: 250,
        keepLast: 2,
        best: { metric: 'accuracy' },
      },
      run: { dir: 'runs', tags: [], notes: '' },
      tracking: [],
    });
    expect(load(least, 'optimizer={name: sgd}').optimizer).toEqual({
      name: 'sgd',
      lr: 1e-3,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
    });
    expect(load(least, 'optimizer={name: adamw}').optimizer).toMatchObject({ weightDecay: 0.01 });
    expect(load(least, 'schedule.name=linear').schedule).toEqual({
      name: 'linear',
      startFactor: 1 / 3,
      endFactor: 1,
      totalIters: 5,
    });
  });

  it('checks the augmentation', () => {
    const { data } = load(least, 'data.augmentation={flip: 0.5, shift: 2, eraseArea: [0, 1]}');
    expect(data.augmentation).toEqual({ flip: 0.5, shift: 2, erase: 0, eraseArea: [0, 1] });
    const wrong = 'data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1}';
    expect(refusal(() => load(least, wrong))).toMatchInlineSnapshot(`
      "test.yaml: 5 problems
        data.augmentation.flip (command line: data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1})
          takes  number ≥ 0 and ≤ 1
          got    2
        data.augmentation.shift (command line: data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1})
          takes  whole number ≥ 0 and ≤ 28
          got    1.5
        data.augmentation.erase (command line: data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1})
          takes  number ≥ 0 and ≤ 1
          got    -1
        data.augmentation.eraseArea (command line: data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1})
          takes  two numbers from 0 to 1, the smaller one first
          got    [ 0.5, 0.1 ]
        data.augmentation.crop (command line: data.augmentation={flip: 2, shift: 1.5, erase: -1, eraseArea: [0.5, 0.1], crop: 1}): unknown key
          takes  a section with flip, shift, erase, eraseArea
          got    1"
    `);
  });

  it('reads the configuration of the repository', () => {
    const configuration = loadConfiguration('configs/mlp.yaml');
    expect(configuration).toMatchObject({
      name: 'mlp-fashion-mnist',
      seed: 42,
      model: { hidden: [256, 128] },
    });
  });

  it('reports every problem at once, with its place, what is taken, what was got and the nearest key', () => {
    const text = `name: my run
sede: 1
seed: -1
device: gpu
epochs: 3
data: 5
model:
  name: mlp
  hidden: [64, 0, wide]
  dropout: 1
optimizer:
  name: adam
  lr: fast
  momentum: 0.9
train:
  batch_size: 32
  epochs: 2.5
  limitTrain:
`;
    expect(refusal(() => load(text, 'train.logEvery=0'))).toMatchInlineSnapshot(`
      "test.yaml: 15 problems
        name (test.yaml:1:1)
          takes  up to 100 letters, digits, ".", "_" and "-", starting with a letter or digit
          got    'my run'
        seed (test.yaml:3:1)
          takes  whole number ≥ 0 and ≤ 4294967295
          got    -1
        device (test.yaml:4:1)
          takes  webgpu | cpu | auto
          got    'gpu'
          hint   did you mean webgpu?
        data (test.yaml:6:1)
          takes  a section with name, format, root, version, classes, size, test, validation, augmentation
          got    5
        model.hidden.1 (test.yaml:9:3)
          takes  list, each item: whole number ≥ 1
          got    0
        model.hidden.2 (test.yaml:9:3)
          takes  list, each item: whole number ≥ 1
          got    'wide'
        model.dropout (test.yaml:10:3)
          takes  number ≥ 0 and < 1
          got    1
        optimizer.lr (test.yaml:13:3)
          takes  number ≥ 0
          got    'fast'
        optimizer.momentum (test.yaml:14:3): unknown key
          takes  a section with name, lr, betas, eps, weightDecay
          got    0.9
          hint   there is optimizer.momentum with optimizer.name: sgd
        train.epochs (test.yaml:17:3)
          takes  whole number ≥ 1
          got    2.5
        train.limitTrain (test.yaml:18:3)
          takes  whole number ≥ 1
          got    null
        train.logEvery (command line: train.logEvery=0)
          takes  whole number ≥ 1
          got    0
        train.batch_size (test.yaml:16:3): unknown key
          takes  a section with epochs, maxMinutes, batchSize, accumulate, clipGradNorm, labelSmoothing, emaDecay, precision, limitTrain, limitTest, capture, logEvery, checkpointEvery, keepLast, best, earlyStopping
          got    32
          hint   did you mean train.batchSize?
        sede (test.yaml:2:1): unknown key
          takes  the keys name, seed, device, adapter, init, data, model, optimizer, schedule, train, run, tracking, sweep
          got    1
          hint   did you mean seed?
        epochs (test.yaml:5:1): unknown key
          takes  the keys name, seed, device, adapter, init, data, model, optimizer, schedule, train, run, tracking, sweep
          got    3
          hint   there is train.epochs"
    `);
  });

  it('says what is missing', () => {
    expect(refusal(() => load('# nothing yet\n'))).toMatchInlineSnapshot(`
      "test.yaml: 3 problems
        name: missing
          takes  up to 100 letters, digits, ".", "_" and "-", starting with a letter or digit
          got    nothing
        model: missing
          takes  a section with name, hidden, dropout, channels, kernelSize, batchNorm, blocks, patchSize, width, depth, heads, latent
          got    nothing
        optimizer: missing
          takes  a section with name, lr, betas, eps, weightDecay, momentum, dampening, nesterov, alpha, centered, lrDecay, initialAccumulatorValue, momentumDecay
          got    nothing"
    `);
  });

  it('finds keys that no optimizer has where the optimizer is unknown', () => {
    const text = 'name: a\nmodel: {name: mlp}\noptimizer: {name: adm, momentum: 1, weightDecai: 1}\n';
    expect(refusal(() => load(text))).toMatchInlineSnapshot(`
      "test.yaml: 2 problems
        optimizer.name (test.yaml:3:13)
          takes  adam | adamw | sgd | rmsprop | adagrad | nadam | radam | lion
          got    'adm'
          hint   did you mean adam?
        optimizer.weightDecai (test.yaml:3:37): unknown key
          takes  a section with name, lr, betas, eps, weightDecay, momentum, dampening, nesterov, alpha, centered, lrDecay, initialAccumulatorValue, momentumDecay
          got    1
          hint   did you mean optimizer.weightDecay?"
    `);
  });

  it('takes nesterov only as PyTorch does', () => {
    const sgd = (options: string): string => `optimizer={name: sgd, nesterov: true, ${options}}`;
    expect(load(least, sgd('momentum: 0.9')).optimizer).toMatchObject({ nesterov: true, momentum: 0.9 });
    const message = /optimizer.nesterov .*\n {4}takes {2}true only with momentum > 0 and dampening 0\n/;
    expect(refusal(() => load(least, sgd('momentum: 0')))).toMatch(message);
    expect(refusal(() => load(least, sgd('momentum: 0.9, dampening: 0.1')))).toMatch(message);
    expect(refusal(() => load(least, sgd('momentum: 0, typo: 1'), 'seed=-1'))).toMatch(/: 3 problems\n/);
  });

  it('takes a plateau only where there are validation images', () => {
    expect(load(least, 'schedule.name=plateau').schedule).toMatchObject({ metric: 'loss', patience: 10 });
    expect(refusal(() => load(least, 'schedule.name=plateau', 'data.validation=0', 'seed=-1'))).toMatch(
      /2 problems\n[^]*schedule.name .*\n {4}takes {2}plateau only with data.validation > 0\n/,
    );
  });

  it.each(['0', '1', '60000', '0.1', '0.999'])('takes data.validation=%s', (value) => {
    expect(load(least, `data.validation=${value}`).data.validation).toBe(Number(value));
  });

  it.each(['-1', '-0.5', '1.5', '.inf', '.nan', 'all'])('refuses data.validation=%s', (value) => {
    expect(refusal(() => load(least, `data.validation=${value}`))).toContain(
      'takes  whole number ≥ 0 (images) or a fraction of the training set < 1',
    );
  });

  it.each<[string, string]>([
    ['seed=4294967296', 'whole number ≥ 0 and ≤ 4294967295'],
    ['seed=1.5', 'whole number'],
    ['name=../escape', 'up to 100 letters, digits, ".", "_" and "-"'],
    ['adapter=""', 'string, not empty'],
    ['data.root=3', 'string, not empty'],
    ['model.dropout=1', 'number ≥ 0 and < 1'],
    ['model.hidden=64', 'list, each item: whole number ≥ 1'],
    ['optimizer.lr=-0.1', 'number ≥ 0'],
    ['optimizer.betas=[0.9]', 'list [number ≥ 0 and < 1, number ≥ 0 and < 1]'],
    ['optimizer.betas=[0.9, 1]', 'list [number ≥ 0 and < 1, number ≥ 0 and < 1]'],
    ['optimizer.eps=.inf', 'number ≥ 0'],
    ['train.epochs=0', 'whole number ≥ 1'],
    ['train.clipGradNorm=-1', 'number ≥ 0'],
    ['train.precision=half', 'float32 | float16'],
    ['schedule.name=cosin', 'none | step | exponential | cosine | linear | onecycle | plateau'],
    ['schedule={name: step}', 'whole number ≥ 1'],
    ['schedule={name: linear, startFactor: 0}', 'number > 0 and ≤ 1'],
    ['schedule={name: plateau, factor: 1}', 'number ≥ 0 and < 1'],
    ['train.limitTest=0', 'whole number ≥ 1'],
    ['train=[]', 'a section with epochs, maxMinutes, batchSize'],
    ['run.dir=', 'a value after "="'],
  ])('refuses %s', (override, takes) => {
    expect(refusal(() => load(least, override))).toContain(`takes  ${takes}`);
  });
});

describe('YAML', () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
`;

  it.each<[string, string | Uint8Array, string]>([
    ['a syntax error', 'name: a\nseed: [1\n', 'test.yaml:3:1: Flow sequence'],
    ['a duplicate key', 'seed: 1\nname: a\nseed: 2\n', 'test.yaml:3:1: Map keys must be unique\n    seed: 2'],
    ['two documents', 'name: a\n---\nname: b\n', 'test.yaml:2:1: Source contains multiple documents'],
    ['an unknown tag', 'name: !env HOME\n', 'test.yaml:1:7: Unresolved tag: !env'],
    [
      'a key that is no string',
      '? [a, b]\n: 1\n',
      'test.yaml:1:3: With stringKeys, all keys must be strings',
    ],
    ['an unknown alias', 'name: *nobody\n', 'test.yaml:1:7: '],
    ['an alias bomb', bomb, 'test.yaml:1:1: Excessive alias count'],
    [
      'bytes that are no UTF-8',
      new Uint8Array([0x61, 0xff]),
      'test.yaml: cannot be read: it is not UTF-8 text',
    ],
    ['a list', '- 1\n', 'takes  the keys name, seed'],
    ['a circle', 'train: &t\n  more: *t\n', 'train.more (test.yaml:2:3): unknown key'],
    ['the prototype', '__proto__: {seed: 1}\n', '__proto__ (test.yaml:1:1): unknown key'],
  ])('refuses %s', (_, text, message) => {
    expect(refusal(() => load(text))).toContain(message);
  });

  it('names a file that is not there, and a folder', () => {
    expect(refusal(() => loadConfiguration(join(folder, 'no.yaml')))).toMatch(
      /no.yaml: .*there is no such file/,
    );
    expect(refusal(() => loadConfiguration(folder))).toMatch(/cannot be read: it is a folder/);
  });
});

describe('overrides', () => {
  it('set values in order, over the file', () => {
    const overrides = ['train.epochs=3', 'optimizer.lr=1e-2', 'device=cpu', 'seed=6', 'seed=7'];
    expect(load(least, ...overrides, 'model.hidden=[128,64]', 'adapter=llvm pipe')).toMatchObject({
      seed: 7,
      device: 'cpu',
      adapter: 'llvm pipe',
      model: { hidden: [128, 64] },
      optimizer: { lr: 0.01 },
      train: { epochs: 3 },
    });
  });

  it('leave alone what an alias shares', () => {
    const text = `${least}train: &shared {epochs: 1}\n`;
    expect(load(text, 'train.epochs=2').train.epochs).toBe(2);
    expect(load(text).train.epochs).toBe(1);
  });

  it.each<[string, string]>([
    ['train.epochs', 'key.path=value, as in train.epochs=3'],
    ['=3', 'key.path=value'],
    ['train..epochs=3', 'key.path=value'],
    ['.=3', 'key.path=value'],
    ['a b=3', 'key.path=value'],
    ['__proto__.polluted=1', 'key.path=value'],
    ['train.__proto__.polluted=1', 'key.path=value'],
    ['name=', `a value after "="; for an empty text write name=''`],
    ['train.epochs=# 3', 'a value after "="'],
    ['model.hidden=[1', 'a YAML value after "="; this one fails with: Flow sequence'],
    ['train={epochs: 1, epochs: 2}', 'Map keys must be unique'],
    ['name=*x', 'a YAML value after "="'],
    ['seed.x=1', 'no key inside seed, which is 3'],
    ['model.hidden.0=1', 'no key inside model.hidden, which is a list'],
  ])('refuse %s', (override, message) => {
    const got = refusal(() => load('seed: 3\nmodel: {hidden: [1]}\n', override));
    expect(got).toContain(message);
    expect(got).toContain(`got    ${override}`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('of one key: the last is in force, and named', () => {
    expect(load(least, 'seed=1', 'seed=2').seed).toBe(2);
    expect(refusal(() => load(least, 'seed=-1', 'seed=-2'))).toContain('seed (command line: seed=-2)');
    const within = refusal(() => load(least, 'train.epochs=-1', 'train={epochs: -3}'));
    expect(within).toContain('train.epochs (command line: train={epochs: -3})');
  });

  it('refuse keys that every object inherits', () => {
    expect(refusal(() => load(least, 'constructor.prototype.polluted=1'))).toContain(
      'constructor (command line: ',
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('are refused all at once', () => {
    expect(refusal(() => load(least, 'a', 'b=', 'seed=1')).match(/override does not fit/g)).toHaveLength(2);
  });

  it('do not go into a file that holds a list', () => {
    expect(refusal(() => load('- 1\n', 'seed=1'))).toContain('no key inside the file, which is a list');
  });
});

describe('printConfiguration', () => {
  const number = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const text = fc.string({ unit: 'binary', minLength: 1 });
  const head = { hidden: fc.array(count), dropout: fraction };
  const model: fc.Arbitrary<ModelConfiguration> = fc.oneof(
    fc.record({ name: fc.constant('mlp' as const), ...head }),
    fc.record({
      name: fc.constant('cnn' as const),
      channels: fc.array(count, { minLength: 1, maxLength: 4 }),
      kernelSize: fc.constantFrom(1, 3, 5, 7, 9),
      batchNorm: fc.boolean(),
      ...head,
    }),
  );
  const optimizer: fc.Arbitrary<OptimizerConfiguration> = fc.oneof(
    fc.record({
      name: fc.constant('adam' as const),
      lr: number,
      betas: fc.tuple(fraction, fraction),
      eps: number,
      weightDecay: number,
    }),
    fc.record({
      name: fc.constant('adamw' as const),
      lr: number,
      betas: fc.tuple(fraction, fraction),
      eps: number,
      weightDecay: number,
    }),
    fc.record({
      name: fc.constant('nadam' as const),
      lr: number,
      betas: fc.tuple(fraction, fraction),
      eps: number,
      weightDecay: number,
      momentumDecay: number,
    }),
    fc.record({
      name: fc.constant('adagrad' as const),
      lr: number,
      lrDecay: number,
      weightDecay: number,
      initialAccumulatorValue: number,
      eps: number,
    }),
    fc.record({
      name: fc.constant('rmsprop' as const),
      lr: number,
      alpha: number,
      eps: number,
      weightDecay: number,
      momentum: number,
      centered: fc.boolean(),
    }),
    fc.record({
      name: fc.constant('sgd' as const),
      lr: number,
      momentum: number,
      dampening: number,
      weightDecay: number,
      nesterov: fc.constant(false),
    }),
  );
  const augmentation = fc.record({
    flip: fraction,
    shift: fc.nat({ max: 28 }),
    erase: fraction,
    eraseArea: fc.tuple(fraction, fraction).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a])),
  });
  const schedule: fc.Arbitrary<ScheduleConfiguration> = fc.oneof(
    fc.record({ name: fc.constant('none' as const) }),
    fc.record({ name: fc.constant('step' as const), stepSize: count, gamma: number }),
    fc.record({ name: fc.constant('exponential' as const), gamma: number }),
    fc.record(
      { name: fc.constant('cosine' as const), tMax: count, etaMin: number },
      { requiredKeys: ['name', 'etaMin'] },
    ),
    fc.record({
      name: fc.constant('onecycle' as const),
      maxLr: number,
      pctStart: fraction,
      annealStrategy: fc.constantFrom('cos' as const, 'linear' as const),
      cycleMomentum: fc.boolean(),
      baseMomentum: fraction,
      maxMomentum: fraction,
      divFactor: fc.double({ min: 1, noNaN: true, noDefaultInfinity: true }),
      finalDivFactor: fc.double({ min: 1, noNaN: true, noDefaultInfinity: true }),
      threePhase: fc.boolean(),
    }),
  );
  const metric = fc.constantFrom('loss' as const, 'accuracy' as const);
  const mode = fc.constantFrom('min' as const, 'max' as const);
  const dataKeys = {
    name: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/).filter((name) => name !== 'fashion-mnist'),
    root: text,
    // Early stopping takes some validation images.
    validation: fc.oneof(count, fraction).filter((held) => held > 0),
    augmentation,
  };
  const configuration = fc.record(
    {
      name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
      seed: fc.nat({ max: 2 ** 32 - 1 }),
      device: fc.constantFrom('webgpu' as const, 'cpu' as const, 'auto' as const),
      adapter: text,
      data: fc.oneof(
        fc.record({ ...dataKeys, format: fc.constant('fashion-mnist' as const) }),
        fc.record(
          {
            ...dataKeys,
            format: fc.constant('csv' as const),
            classes: fc.uniqueArray(text, { minLength: 2, maxLength: 5 }),
            size: fc.tuple(fc.integer({ min: 1, max: 1024 }), fc.integer({ min: 1, max: 1024 })),
            test: fc.oneof(count, fraction).filter((held) => held > 0),
          },
          { requiredKeys: ['name', 'format', 'root', 'validation', 'augmentation'] },
        ),
      ),
      model,
      optimizer,
      schedule,
      train: fc.record(
        {
          epochs: count,
          maxMinutes: fc.double({ min: 1e-3, noNaN: true, noDefaultInfinity: true }),
          batchSize: count,
          accumulate: count,
          clipGradNorm: number,
          precision: fc.constantFrom('float32' as const, 'float16' as const),
          limitTrain: count,
          limitTest: count,
          capture: fc.boolean(),
          logEvery: count,
          checkpointEvery: count,
          keepLast: count,
          best: fc.record({ metric, mode }, { requiredKeys: ['metric'] }),
          earlyStopping: fc.record(
            { metric, patience: count, minDelta: number, mode },
            { requiredKeys: ['metric', 'patience', 'minDelta'] },
          ),
        },
        {
          requiredKeys: [
            'epochs',
            'batchSize',
            'precision',
            'accumulate',
            'capture',
            'logEvery',
            'checkpointEvery',
            'keepLast',
            'best',
          ],
        },
      ),
      run: fc.record({ dir: text, tags: fc.array(fc.constantFrom('a', 'b-2')), notes: fc.string() }),
      tracking: fc.uniqueArray(fc.constantFrom('tensorboard', 'dvclive', 'mlflow', 'csv')),
    },
    {
      requiredKeys: [
        'name',
        'seed',
        'device',
        'data',
        'model',
        'optimizer',
        'schedule',
        'train',
        'run',
        'tracking',
      ],
    },
  );

  it('gives a file that loads as the same configuration', () => {
    fc.assert(
      fc.property(configuration, (any) => {
        expect(load(printConfiguration(any))).toEqual(any);
      }),
      { numRuns: 300 },
    );
  });

  it('writes every key, lists on one line', () => {
    expect(printConfiguration(load(least))).toMatchInlineSnapshot(`
      "name: test
      seed: 0
      device: auto
      data:
        name: fashion-mnist
        format: fashion-mnist
        root: data/raw
        validation: 5000
        augmentation:
          flip: 0
          shift: 0
          erase: 0
          eraseArea: [0.02, 0.33]
      model:
        name: mlp
        hidden: [256, 128]
        dropout: 0
      optimizer:
        name: adam
        lr: 0.001
        betas: [0.9, 0.999]
        eps: 1e-8
        weightDecay: 0
      schedule:
        name: none
      train:
        epochs: 10
        batchSize: 128
        accumulate: 1
        precision: float32
        capture: true
        logEvery: 50
        checkpointEvery: 250
        keepLast: 2
        best:
          metric: accuracy
      run:
        dir: runs
        tags: []
        notes: ""
      tracking: []
      "
    `);
  });
});

describe('parseConfiguration', () => {
  it('checks values without a file', () => {
    const value = { name: 'quick', model: { name: 'mlp' }, optimizer: { name: 'adam' } };
    expect(parseConfiguration(value).train.epochs).toBe(10);
    expect(refusal(() => parseConfiguration({ ...value, seed: 'x' }))).toMatch(
      /^configuration: 1 problem\n {2}seed\n/,
    );
    expect(refusal(() => parseConfiguration(undefined))).toContain('got    nothing');
  });
});

describe('describeConfiguration', () => {
  it('describes every key of every variant', () => {
    const text = describeConfiguration();
    expect(text).toMatch(/\n {2}train\.logEvery +whole number ≥ 1; default 50\n/);
    expect(text).toContain('adam | adamw | sgd | rmsprop | adagrad | nadam | radam | lion; required');
    expect(text).toContain('onecycle | plateau; default "none"');
    const described = new Set(text.split('\n').flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []));
    const leaves = (value: object, prefix = ''): string[] =>
      Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? leaves(inner, `${prefix}${key}.`)
          : [prefix + key],
      );
    const version = `data.version=${'0'.repeat(32)}.dir`;
    const optional = [
      'adapter=x',
      'init=x',
      version,
      'train.limitTrain=1',
      'train.limitTest=1',
      'train.clipGradNorm=1',
      'train.labelSmoothing=1',
      'train.emaDecay=0.5',
      'train.maxMinutes=1',
      'train.best.mode=max',
      'train.earlyStopping={mode: min}',
      'sweep={search: tpe, trials: 1, seed: 1, parallel: 1, earlyStopping: {name: asha}}',
    ];
    const optimizers = ['adam', 'adamw', 'rmsprop', 'sgd', 'adagrad', 'nadam', 'radam', 'lion'].map(
      (name) => `optimizer={name: ${name}}`,
    );
    const schedules = [
      'schedule={name: step, stepSize: 1}',
      'schedule={name: exponential, gamma: 1}',
      'schedule={name: cosine, tMax: 1}',
      'schedule={name: linear}',
      'schedule={name: onecycle, maxLr: 1}',
      'schedule={name: plateau}',
    ];
    const models = ['mlp', 'cnn', 'resnet', 'vit'].map((name) => `model={name: ${name}}`);
    const coder = leaves(load(least, 'model={name: autoencoder}'));
    const all = [...models, ...optimizers, ...schedules].flatMap((variant) =>
      leaves(load(least, variant, ...optional)),
    );
    all.push(...coder);
    const own = ['data={format: csv, name: mine}', 'data.classes=[a,b]', 'data.size=[1,1]', 'data.test=1'];
    all.push(...leaves(load(least, ...own)));
    expect(described).toEqual(new Set(all));
  });
});
