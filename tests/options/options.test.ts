// Each option of each operation, module, optimizer and schedule is in a case with PyTorch's numbers that fails when the
// option is left out.

import { expect, test } from 'vitest';
import { nn, open, optim, setDefaultDevice } from '../../src/index.ts';
import * as operations from '../../src/ops/index.ts';
import { scheduleError, type ScheduleFixture, scheduleFixtures } from '../optim/scheduleFixtures.ts';
import { clippingFixtures, clipsAsPyTorch } from '../parity/clipping.ts';
import { lossFixtures } from '../parity/losses.ts';
import { moduleDifferences, type ModuleFixture, moduleFixtures } from '../parity/modules.ts';
import { differences, type OperationFixture, operationFixtures } from '../parity/operations.ts';
import { type OptimizerRun, optimizerErrors, optimizerRuns } from '../parity/optimizers.ts';
import { TRAINING_BOUND } from '../parity/training.ts';
import {
  initialiserCases,
  type InitialiserCase,
  isDistributed,
  scalerOptions,
  scalesAsTold,
} from './otherCases.ts';
import { type Declared, ofClass, ofFunction } from './declared.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

/** A case that passes with all its options. Without one that it has, it must fail. */
interface OptionCase {
  options: readonly (readonly [name: string, value: unknown])[];
  passesWithout: (option: string) => Promise<boolean>;
}

type Options = Record<string, unknown>;

function isOptions(argument: unknown): argument is Options {
  return (
    typeof argument === 'object' && argument !== null && Object.getPrototypeOf(argument) === Object.prototype
  );
}

/** Arguments without an option: without its entry, or with undefined in its position. */
function leftOut(args: readonly unknown[], { order }: Declared, option: string): unknown[] {
  return args.map((argument, index) => {
    if (isOptions(argument)) return omit(argument, option);
    return order[index] === option ? undefined : argument;
  });
}

function omit<T extends object>(options: T, option: string): T {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== option)) as T;
}

/** The arguments by name: those of an object, and those of positions. */
function namedOf(args: readonly unknown[], { order }: Declared): [string, unknown][] {
  return args.flatMap((argument, index) => {
    if (isOptions(argument)) return Object.entries(argument);
    const name = order[index];
    return name === undefined || argument === undefined || argument === null ? [] : [[name, argument]];
  });
}

function ofOperation(fixture: OperationFixture, declared: Declared): OptionCase {
  const { inputs, arguments: rest, tensorList } = fixture;
  // Tensors precede the arguments of the fixture, except for those that are named among them.
  const referred = JSON.stringify(rest).match(/"input":/g)?.length ?? 0;
  const given = rest.map((each) => (isOptions(each) && 'input' in each ? true : each));
  const leading = new Array<unknown>(tensorList ? 1 : inputs.length - referred).fill(true);
  return {
    options: namedOf([...leading, ...given], declared),
    passesWithout: async (option) =>
      (await differences(fixture, cpu, 'contiguous', (args) => leftOut(args, declared, option))).length === 0,
  };
}

function ofModule(fixture: ModuleFixture, declared: Declared): OptionCase {
  return {
    options: namedOf(fixture.arguments, declared),
    passesWithout: async (option) =>
      (await moduleDifferences({ ...fixture, arguments: leftOut(fixture.arguments, declared, option) }, cpu))
        .length === 0,
  };
}

function ofOptimizer(run: OptimizerRun): OptionCase {
  const groups = run.groups ?? [];
  return {
    options: [run.options, ...groups.map((group) => omit(group, 'keys'))].flatMap(Object.entries),
    passesWithout: async (option) => {
      const without = {
        ...run,
        options: omit(run.options, option),
        groups: run.groups && groups.map((group) => omit(group, option)),
      };
      const { losses, norms, weights } = await optimizerErrors(without, cpu);
      return Math.max(losses, norms, weights) < TRAINING_BOUND;
    },
  };
}

function ofSchedule(fixture: ScheduleFixture, which: string, declared: Declared): OptionCase {
  const own = ([name]: ScheduleFixture['schedules'][number]): boolean => name === which;
  return {
    options: fixture.schedules.filter(own).flatMap((each) => namedOf(each, declared)),
    passesWithout: (option) => {
      // The name of the class stands where the optimizer stands in the call.
      const schedules = fixture.schedules.map((each) =>
        own(each) ? (leftOut(each, declared, option) as typeof each) : each,
      );
      return Promise.resolve(scheduleError({ ...fixture, schedules }) < 1e-12);
    },
  };
}

const clipping: OptionCase[] = clippingFixtures.map((fixture) => ({
  options: Object.entries(fixture.options),
  passesWithout: (option) => clipsAsPyTorch({ ...fixture, options: omit(fixture.options, option) }, cpu),
}));

function ofInitialiser(each: InitialiserCase, declared: Declared): OptionCase {
  return {
    options: namedOf(each.args, declared),
    passesWithout: (option) => isDistributed({ ...each, args: leftOut(each.args, declared, option) }),
  };
}

const scaler: OptionCase = {
  options: Object.entries(scalerOptions),
  passesWithout: (option) => scalesAsTold(omit(scalerOptions, option), cpu),
};

const gain: OptionCase = {
  options: [['param', 0.2]],
  passesWithout: () => Promise.resolve(nn.init.calculateGain('leakyRelu') === Math.sqrt(2 / 1.04)),
};

test('what the other cases rest on', async () => {
  for (const each of initialiserCases) expect([each, await isDistributed(each)]).toEqual([each, true]);
  expect(await scalesAsTold(scalerOptions, cpu)).toBe(true);
  expect(nn.init.calculateGain('leakyRelu', 0.2)).toBe(Math.sqrt(2 / 1.04));
});

const classes = (exported: object, ...others: string[]): string[] =>
  Object.keys(exported).filter((name) => /^[A-Z]/.test(name) && !others.includes(name));
/** All but containers and what is not computed with. */
const modules = classes(
  nn,
  'Module',
  'Sequential',
  'ModuleList',
  'ModuleDict',
  'Parameter',
  'ParameterList',
  'ModelSummary',
);
const optimizers = classes(optim, 'Optimizer', 'GradScaler');
const schedules = classes(optim.lrScheduler, 'LRScheduler');
const initialisers = Object.keys(nn.init).filter(
  (name) => !['zeros', 'ones', 'constant', 'fans', 'calculateGain'].includes(name),
);

/** What has options, what it declares, and its cases. */
const subjects: [name: string, declared: Declared, cases: OptionCase[]][] = [
  ...Object.keys(operations).map((name): (typeof subjects)[number] => {
    const declared = ofFunction(name);
    const fixtures = [...operationFixtures, ...lossFixtures].filter(({ operation }) => operation === name);
    return [name, declared, fixtures.map((each) => ofOperation(each, declared))];
  }),
  ...modules.map((name): (typeof subjects)[number] => {
    const declared = ofClass(name);
    const fixtures = moduleFixtures.filter(({ module }) => module === name);
    return [`nn.${name}`, declared, fixtures.map((each) => ofModule(each, declared))];
  }),
  ...optimizers.map((name): (typeof subjects)[number] => {
    const declared = ofClass(name);
    const runs = optimizerRuns.filter(({ optimizer }) => optimizer === name);
    return [`optim.${name}`, declared, runs.map(ofOptimizer)];
  }),
  ...schedules.map((name): (typeof subjects)[number] => {
    const declared = ofClass(name);
    return [
      `lrScheduler.${name}`,
      declared,
      scheduleFixtures.map((each) => ofSchedule(each, name, declared)),
    ];
  }),
  ...initialisers.map((name): (typeof subjects)[number] => {
    const declared = ofFunction(name);
    const cases = initialiserCases.filter((each) => each.name === name);
    return [`init.${name}`, declared, cases.map((each) => ofInitialiser(each, declared))];
  }),
  ['init.calculateGain', ofFunction('calculateGain'), [gain]],
  ['optim.GradScaler', ofClass('GradScaler'), [scaler]],
  ['clipGradNorm', ofFunction('clipGradNorm'), clipping],
];

/** What no case with PyTorch's numbers shows. */
const testedElsewhere = {
  'nn.PReLU init': 'tests/nn/parts.test.ts',
  'optim.AveragedModel decay': 'tests/optim/averagedModel.test.ts',
  'optim.AveragedModel useBuffers': 'tests/optim/averagedModel.test.ts',
};

/** Options with one value only, which is the default. */
const withoutChoice = { 'nn.MaxPool2d returnIndices': 'false' };

const options = subjects.flatMap(([subject, declared, cases]) =>
  [...declared.options.keys()]
    .filter(
      (option) =>
        option !== 'device' && !(`${subject} ${option}` in { ...withoutChoice, ...testedElsewhere }),
    )
    .map(
      (option) =>
        [subject, option, cases.filter(({ options: all }) => all.some(([name]) => name === option))] as const,
    ),
);

test('the options of all cases are found in the source', () => {
  const unknown = subjects.flatMap(([subject, declared, cases]) => {
    const known = [...declared.order, ...declared.options.keys()];
    const all = new Set(cases.flatMap(({ options: some }) => some.map(([name]) => name)));
    return [...all].filter((option) => !known.includes(option)).map((option) => `${subject} ${option}`);
  });
  expect(unknown).toEqual([]);
});

test.each(options)('%s: a case fails without %s', async (subject, option, cases) => {
  for (const { passesWithout } of cases) {
    if (
      !(await Promise.resolve(option)
        .then(passesWithout)
        .catch(() => false))
    )
      return;
  }
  expect.unreachable(cases.length === 0 ? 'no case has it' : 'no case fails');
});

const words = subjects.flatMap(([subject, declared, cases]) =>
  [...declared.options]
    .filter(([, each]) => each.size > 1)
    .map(([option, each]) => [subject, option, each, cases] as const),
);

test.each(words)('%s: the cases have every word of %s but the default', (_subject, option, all, cases) => {
  const given = cases.flatMap(({ options: some }) => some.filter(([name]) => name === option));
  const missing = [...all].filter((word) => !given.some(([, value]) => value === word));
  expect(missing.length, missing.join()).toBeLessThanOrEqual(1);
});
