import { describe, expect, test } from 'vitest';
import * as diagnostics from '../../src/diagnostics/index.ts';
import * as wgrad from '../../src/index.ts';
import { nn, open, optim, setDefaultDevice, Tensor, WgradError } from '../../src/index.ts';
import { type Example, examplesOn } from './examples.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);
const examples = examplesOn(cpu);

const WRONG: readonly (readonly [string, () => unknown])[] = [
  ["'3'", () => '3'],
  ['{}', () => ({})],
  ['null', () => null],
  ['NaN', () => NaN],
  ['a function', () => () => undefined],
  ['a promise', () => Promise.resolve(1)],
  ['a symbol', () => Symbol('wrong')],
  ['1n', () => 1n],
  ['a date', () => new Date()],
];

/** What a call does: an error of the library, another error, or nothing. */
async function outcome(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'accepted';
  } catch (error) {
    return error instanceof WgradError ? 'refused' : `raised ${String(error)}`;
  } finally {
    setDefaultDevice(cpu);
  }
}

function accepts(example: Example, position: number, wrong: string, given: readonly unknown[]): boolean {
  const { required = given.length, anyNumber = [], anyFunction = [], nullable = [] } = example;
  if (wrong === 'null') return position >= required || nullable.includes(position);
  if (wrong === 'NaN') return anyNumber.includes(position);
  if (wrong === 'a function') return anyFunction.includes(position);
  return wrong === '{}' && position >= required && position === given.length - 1;
}

/** Checks every position of a call with every wrong value, one argument too many, and an unknown option. */
async function checkCall(example: Example, call: (args: unknown[]) => unknown): Promise<void> {
  const right = await outcome(() => call(example.args()));
  expect.soft(right, 'the right call').toMatch(/accepted|refused/);
  for (const position of example.args().keys()) {
    for (const [wrong, make] of WRONG) {
      if (position === 0 && wrong === example.first) continue;
      const args = example.args();
      args[position] = make();
      const found = await outcome(() => call(args));
      const wanted = accepts(example, position, wrong, args) ? 'accepted' : 'refused';
      if (wanted === 'accepted' && found === 'refused') continue;
      expect.soft(found, `argument ${position} is ${wrong}`).toBe(wanted);
    }
  }
  expect.soft(await outcome(() => call([...example.args(), Symbol('more')])), 'one more').toBe('refused');
  const named = await outcome(() => call([...example.args(), { notAnOption: 1 }]));
  expect.soft(named, 'an unknown option').toBe('refused');
}

type Callable = (...args: unknown[]) => unknown;
type Constructor = new (...args: unknown[]) => object;

const isClass = (value: unknown): value is Constructor =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
const isError = (value: unknown): boolean => isClass(value) && value.prototype instanceof Error;

function functionsOf(namespace: object): [string, Callable][] {
  return Object.entries(namespace).filter(
    (entry): entry is [string, Callable] => typeof entry[1] === 'function' && !isClass(entry[1]),
  );
}

/** Classes that cannot be made: they only have subclasses, or come from functions. */
const ABSTRACT: ReadonlySet<unknown> = new Set([nn.Module, optim.Optimizer, optim.lrScheduler.LRScheduler]);
/** Parts of the library's own work on tensors. */
const INTERNAL = new Set([
  'constructor',
  'attach',
  'withLayout',
  'handle',
  'alias',
  'rebind',
  'toString',
  'read',
  'bytes',
  'single',
  'nested',
  'copied',
]);

describe('functions', () => {
  const all = [wgrad, diagnostics, wgrad.autograd, nn, optim].flatMap(functionsOf);
  test.each(all)('%s', async (name, call) => {
    const example = examples.library[name];
    if (!example) throw new Error(`${name} has no example in tests/arguments/examples.ts`);
    await checkCall(example, (args) => call(...args));
  });

  test.each(functionsOf(nn.functional))('nn.functional.%s is checked above', (name, call) => {
    expect(Object.values(wgrad as object)).toContain(call);
    expect(examples.library).toHaveProperty(name);
  });

  test.each(functionsOf(nn.init))('nn.init.%s', async (name, call) => {
    const example = examples.init[name];
    if (!example) throw new Error(`init.${name} has no example in tests/arguments/examples.ts`);
    await checkCall(example, (args) => call(...args));
  });
});

describe('methods of tensors', () => {
  const methods = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(Tensor.prototype, name) as { value?: unknown };
    return typeof value === 'function' && !INTERNAL.has(name);
  });
  test.each(methods)('%s', async (name) => {
    const none: Example = { args: () => [wgrad.tensor(2, { requiresGrad: true })] };
    const example = examples.library[name] ?? none;
    await checkCall(
      { ...example, args: () => withTensorFirst(name, example).slice(1), ...shifted(example) },
      (args) => {
        const self = withTensorFirst(name, example)[0] as Record<string, Callable>;
        return self[name]!(...args);
      },
    );
  });
});

/** `where` is the only method whose tensor is not the first argument. */
function withTensorFirst(name: string, { args }: Example): unknown[] {
  const given = args();
  return name === 'where' ? [given[1], given[0], given[2]] : given;
}

function shifted({ required, anyNumber, anyFunction, nullable }: Example): Partial<Example> {
  const less = (positions: readonly number[] = []): number[] => positions.map((position) => position - 1);
  return {
    ...(required !== undefined && { required: required - 1 }),
    anyNumber: less(anyNumber),
    anyFunction: less(anyFunction),
    nullable: less(nullable),
  };
}

describe('classes', () => {
  const classes = [nn, optim, optim.lrScheduler].flatMap((namespace) =>
    Object.entries(namespace).filter(
      (entry): entry is [string, Constructor] =>
        isClass(entry[1]) && !isError(entry[1]) && !ABSTRACT.has(entry[1]),
    ),
  );
  const all = { ...examples.modules, ...examples.optimizers, ...examples.schedules };
  const made = classes.filter(([name]) => name !== 'ModelSummary');

  test.each(made)('new %s', async (name, Class) => {
    const example = all[name];
    if (!example) throw new Error(`${name} has no example in tests/arguments/examples.ts`);
    await checkCall(example, (args) => new Class(...args));
  });

  test.each(made)('the methods of %s', async (name, Class) => {
    const instance = new Class(...all[name]!.args()) as Record<string, Callable>;
    const prototypes: object[] = [];
    for (
      let each = Class.prototype as object;
      each !== Object.prototype;
      each = Object.getPrototypeOf(each) as object
    ) {
      if (each !== Tensor.prototype) prototypes.push(each);
    }
    const names = new Set(prototypes.flatMap((each) => Object.getOwnPropertyNames(each)));
    for (const method of names) {
      if (method === 'constructor' || INTERNALS.has(method)) continue;
      const holder = prototypes.find((each) => Object.hasOwn(each, method))!;
      if (typeof Object.getOwnPropertyDescriptor(holder, method)!.value !== 'function') continue;
      for (const [wrong, make] of WRONG) {
        const arity = Math.max(1, instance[method]!.length);
        const args = Array.from({ length: arity + 3 }, make);
        const result = await outcome(() => {
          const value = instance[method]!(...args);
          // Generators check what they get when they begin.
          const steps = value as { next?: () => unknown } | undefined;
          return typeof steps?.next === 'function' ? steps.next() : value;
        });
        expect.soft(result, `${method} of ${arity + 3} times ${wrong}`).toBe('refused');
      }
    }
  });
});

/** Methods that subclasses and the library call, with arguments of their own. */
const INTERNALS = new Set([
  'rates',
  'next',
  'run',
  'start',
  'check',
  'stateNames',
  'form',
  'initial',
  'moments',
  'update',
  'state',
  'stateIf',
  'extraRepr',
  'toString',
]);
