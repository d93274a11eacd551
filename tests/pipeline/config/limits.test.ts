import { describe, expect, it } from 'vitest';
import { ConfigurationError, parseConfiguration } from '../../../src/pipeline/config/configuration.ts';

type Section = Record<string, unknown>;

const least: Section = { name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' } };

/** A configuration with one key set: `data.classes`; sections with variants get their `name` from `names`. */
function withKey(path: string, value: unknown, also: Section): Section {
  const [section, key, inner] = path.split('.') as [string, string?, string?];
  if (key === undefined) return { ...least, ...also, [section]: value };
  const before = { ...(least[section] as Section), ...(also[section] as Section) };
  const set =
    inner === undefined ? { [key]: value } : { [key]: { ...(before[key] as Section), [inner]: value } };
  return { ...least, ...also, [section]: { ...before, ...set } };
}

const own = { data: { name: 'mine', format: 'csv' } };
const images = { data: { name: 'mine', format: 'images' } };
const cnn = { model: { name: 'cnn' } };
const optimizer = (name: string) => ({ optimizer: { name } });
const schedule = (name: string, others: Section = {}) => ({ schedule: { name, ...others } });
const [classes256, tags] = [Array.from({ length: 256 }, (_, at) => `c${at}`), 'a'.repeat(50)];
const cycle = schedule('onecycle', { maxLr: 0.1 });

/** Key, what the configuration has besides, values at the limits, and values beyond them. */
const LIMITS: readonly (readonly [path: string, also: Section, taken: unknown[], refused: unknown[]])[] = [
  ['name', {}, ['a', '0', 'a'.repeat(100), 'a.b_c-d'], ['', 'a'.repeat(101), '.a', 'a b', 'ä']],
  ['seed', {}, [0, 2 ** 32 - 1], [-1, 2 ** 32, 0.5]],
  ['device', {}, ['webgpu', 'cpu', 'auto'], ['gpu', '']],
  ['adapter', {}, ['a'], ['']],
  ['init', {}, ['a'], ['']],
  ['tracking', {}, [[], ['csv', 'mlflow', 'tensorboard', 'dvclive']], [['csv', 'csv'], ['wandb'], 'csv']],
  ['run.dir', {}, ['r'], ['']],
  ['run.tags', {}, [[], [tags], ['A.b-c_9']], [[`${tags}a`], ['.a'], ['a b']]],
  ['run.notes', {}, ['', 'n'.repeat(10_000)], ['n'.repeat(10_001)]],
  ['data.name', own, ['mine', 'a'.repeat(100)], ['', 'a'.repeat(101), 'A', 'a.dvc', 'a..b', 'fashion-mnist']],
  ['data.format', {}, ['fashion-mnist'], ['csv', 'png']],
  ['data.root', {}, ['r'], ['']],
  [
    'data.version',
    {},
    [`${'0'.repeat(32)}.dir`],
    ['0'.repeat(32), `${'0'.repeat(31)}.dir`, `${'A'.repeat(32)}.dir`],
  ],
  [
    'data.classes',
    own,
    [['a', 'b'], classes256, ['a', 'b'.repeat(100)]],
    [[], ['a'], [...classes256, 'x'], ['a', 'a'], ['a', ''], ['a', 'b'.repeat(101)]],
  ],
  ['data.classes', images, [], [['a', 'b']]],
  [
    'data.size',
    own,
    [
      [1, 1],
      [1024, 1024],
    ],
    [[0, 1], [1, 1025], [1.5, 2], [2], [2, 2, 2]],
  ],
  ['data.size', images, [[28, 20]], []],
  ['data.size', { data: { name: 'mine', format: 'idx' } }, [], [[28, 28]]],
  ['data.size', {}, [], [[28, 28]]],
  ['data.test', own, [0.001, 0.999, 1, 500], [0, -1, 1.5]],
  ['data.test', {}, [], [0.2]],
  ['data.validation', {}, [0, 0.999, 1, 59_999], [-1, 1.5]],
  ['data.augmentation.flip', {}, [0, 1], [-0.01, 1.01]],
  ['data.augmentation.shift', {}, [0, 28], [-1, 29, 1.5]],
  ['data.augmentation.erase', {}, [0, 1], [-0.01, 1.01]],
  [
    'data.augmentation.eraseArea',
    {},
    [
      [0, 0],
      [1, 1],
      [0.1, 0.1],
    ],
    [[0.2, 0.1], [-0.1, 1], [0, 1.1], [0.1]],
  ],
  ['model.hidden', {}, [[], [1], [5, 6, 7]], [[0], [-1], [1.5], 7]],
  ['model.dropout', {}, [0, 0.999], [-0.1, 1]],
  ['model.channels', cnn, [[1], [1, 2, 3, 4]], [[], [1, 2, 3, 4, 5], [0]]],
  ['model.kernelSize', cnn, [1, 9], [0, 2, 8, 10, 11]],
  ['model.batchNorm', cnn, [true, false], [1]],
  ['model.hidden', cnn, [[], [1]], [[0]]],
  ['model.dropout', cnn, [0, 0.999], [-0.1, 1]],
  ...['adam', 'adamw', 'nadam', 'radam'].flatMap((name): typeof LIMITS => [
    ['optimizer.lr', optimizer(name), [0, 1e3], [-1e-9]],
    [
      'optimizer.betas',
      optimizer(name),
      [
        [0, 0],
        [0.999, 0.999],
      ],
      [[1, 0], [0, 1], [-0.1, 0], [0.9]],
    ],
    ['optimizer.eps', optimizer(name), [0], [-1e-9]],
    ['optimizer.weightDecay', optimizer(name), [0, 2], [-1e-9]],
  ]),
  ['optimizer.lr', optimizer('sgd'), [0], [-1e-9]],
  ['optimizer.momentum', optimizer('sgd'), [0, 1.5], [-1e-9]],
  ['optimizer.dampening', optimizer('sgd'), [-1, 0, 2], ['0']],
  ['optimizer.weightDecay', optimizer('sgd'), [0], [-1e-9]],
  ['optimizer.nesterov', optimizer('sgd'), [false], [true]],
  ['optimizer.nesterov', { optimizer: { name: 'sgd', momentum: 0.1 } }, [true], []],
  ['optimizer.nesterov', { optimizer: { name: 'sgd', momentum: 0.1, dampening: 0.1 } }, [false], [true]],
  ['optimizer.momentumDecay', optimizer('nadam'), [0, 2], [-1e-9]],
  ...['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps'].map(
    (key): (typeof LIMITS)[number] => [`optimizer.${key}`, optimizer('adagrad'), [0, 2], [-1e-9]],
  ),
  ['optimizer.lr', optimizer('lion'), [0], [-1e-9]],
  ['optimizer.betas', optimizer('lion'), [[0, 0.999]], [[1, 0], [0.9]]],
  ['optimizer.weightDecay', optimizer('lion'), [0, 2], [-1e-9]],
  ['optimizer.lr', optimizer('rmsprop'), [0], [-1e-9]],
  ['optimizer.alpha', optimizer('rmsprop'), [0, 1.5], [-1e-9]],
  ['optimizer.eps', optimizer('rmsprop'), [0], [-1e-9]],
  ['optimizer.momentum', optimizer('rmsprop'), [0], [-1e-9]],
  ['optimizer.centered', optimizer('rmsprop'), [true], [0]],
  ['schedule.stepSize', schedule('step'), [1], [0, 1.5]],
  ['schedule.gamma', schedule('step', { stepSize: 1 }), [0, 2], [-1e-9]],
  ['schedule.gamma', schedule('exponential'), [0, 2], [-1e-9]],
  ['schedule.tMax', schedule('cosine'), [1], [0, 1.5]],
  ['schedule.etaMin', schedule('cosine'), [0], [-1e-9]],
  ['schedule.startFactor', schedule('linear'), [1e-9, 1], [0, 1.001]],
  ['schedule.endFactor', schedule('linear'), [0, 1], [-1e-9, 1.001]],
  ['schedule.totalIters', schedule('linear'), [1], [0]],
  ['schedule.maxLr', cycle, [0], [-1e-9]],
  ['schedule.pctStart', cycle, [0, 1], [-0.01, 1.01]],
  ['schedule.annealStrategy', cycle, ['cos', 'linear'], ['cosine']],
  ['schedule.baseMomentum', cycle, [0, 0.999], [1, -0.1]],
  ['schedule.maxMomentum', cycle, [0, 0.999], [1, -0.1]],
  ['schedule.divFactor', cycle, [1e-9], [0]],
  ['schedule.finalDivFactor', cycle, [1e-9], [0]],
  ['schedule.metric', schedule('plateau'), ['loss', 'accuracy'], ['ece']],
  ['schedule.factor', schedule('plateau'), [0, 0.999], [1, -0.1]],
  ['schedule.patience', schedule('plateau'), [0], [-1, 0.5]],
  ['schedule.threshold', schedule('plateau'), [0], [-1e-9]],
  ['schedule.thresholdMode', schedule('plateau'), ['rel', 'abs'], ['min']],
  ['schedule.cooldown', schedule('plateau'), [0], [-1, 0.5]],
  ['schedule.minLr', schedule('plateau'), [0], [-1e-9]],
  ['schedule.eps', schedule('plateau'), [0], [-1e-9]],
  ['schedule.name', { data: { validation: 0 } }, ['none', 'cosine'], ['plateau']],
  ['train.earlyStopping', { data: { validation: 0 } }, [], [{}]],
  ...[
    'epochs',
    'batchSize',
    'accumulate',
    'limitTrain',
    'limitTest',
    'logEvery',
    'checkpointEvery',
    'keepLast',
  ].map((key): (typeof LIMITS)[number] => [`train.${key}`, {}, [1], [0, 1.5]]),
  ['train.maxMinutes', {}, [1e-9], [0]],
  ['train.clipGradNorm', {}, [0], [-1e-9]],
  ['train.precision', {}, ['float32', 'float16'], ['bfloat16']],
  ['train.best.metric', {}, ['loss', 'accuracy'], ['ece']],
  ['train.best.mode', {}, ['min', 'max'], ['least']],
  ['train.earlyStopping.metric', {}, ['loss', 'accuracy'], ['ece']],
  ['train.earlyStopping.patience', {}, [1], [0]],
  ['train.earlyStopping.minDelta', {}, [0], [-1e-9]],
  ['train.earlyStopping.mode', {}, ['min', 'max'], ['least']],
];

describe('limits of the keys', () => {
  it.each(LIMITS)('%s with %j takes %j and refuses %j', (path, also, taken, refused) => {
    for (const value of taken) {
      const configuration = parseConfiguration(withKey(path, value, also));
      const found = path.split('.').reduce<unknown>((at, key) => (at as Section)[key], configuration);
      if (typeof value !== 'object') expect(found).toBe(value);
      else expect(found).toMatchObject(value as object);
    }
    for (const value of refused) {
      expect(() => parseConfiguration(withKey(path, value, also)), JSON.stringify(value)).toThrow(
        ConfigurationError,
      );
    }
  });
});

describe('defaults', () => {
  it('of a configuration', () => {
    expect(parseConfiguration(least)).toEqual({
      name: 'x',
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
      optimizer: { name: 'adam', lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
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
  });

  it.each([
    ['model', { name: 'cnn', channels: [32, 64], kernelSize: 3, batchNorm: true, hidden: [128], dropout: 0 }],
    ['optimizer', { name: 'adamw', lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01 }],
    ['optimizer', { name: 'sgd', lr: 0.001, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false }],
    [
      'optimizer',
      { name: 'rmsprop', lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false },
    ],
    [
      'optimizer',
      { name: 'adagrad', lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 },
    ],
    [
      'optimizer',
      { name: 'nadam', lr: 0.002, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, momentumDecay: 0.004 },
    ],
    ['optimizer', { name: 'radam', lr: 0.001, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }],
    ['optimizer', { name: 'lion', lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 }],
    ['schedule', { name: 'step', gamma: 0.1 }, { stepSize: 3 }],
    ['schedule', { name: 'cosine', etaMin: 0 }],
    ['schedule', { name: 'linear', startFactor: 1 / 3, endFactor: 1, totalIters: 5 }],
    [
      'schedule',
      {
        name: 'onecycle',
        pctStart: 0.3,
        annealStrategy: 'cos',
        cycleMomentum: true,
        baseMomentum: 0.85,
        maxMomentum: 0.95,
        divFactor: 25,
        finalDivFactor: 1e4,
        threePhase: false,
      },
      { maxLr: 0.1 },
    ],
    [
      'schedule',
      {
        name: 'plateau',
        metric: 'loss',
        factor: 0.1,
        patience: 10,
        threshold: 1e-4,
        thresholdMode: 'rel',
        cooldown: 0,
        minLr: 0,
        eps: 1e-8,
      },
    ],
  ])('of %s %j, as in PyTorch', (section, expected, required: Section = {}) => {
    const given = { ...least, [section]: { name: expected.name, ...required } };
    expect(parseConfiguration(given)).toMatchObject({ [section]: { ...expected, ...required } });
    const found = (parseConfiguration(given) as unknown as Record<string, Section>)[section]!;
    expect(Object.keys(found).sort()).toEqual(Object.keys({ ...expected, ...required }).sort());
  });

  it('of early stopping', () => {
    const train = { earlyStopping: {} };
    expect(parseConfiguration({ ...least, train }).train.earlyStopping).toEqual({
      metric: 'loss',
      patience: 3,
      minDelta: 0,
    });
  });
});
