import { type Backend, cat, nn, scope, setDefaultDevice, Tensor, tensor } from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';
import { compare, type FixtureTensor, fromFixture } from './operations.ts';

/** A module with PyTorch's answers to its calls: see tests/fixtures/README.md. */
export interface ModuleFixture {
  name: string;
  module: string;
  arguments: unknown[];
  state: Record<string, FixtureTensor>;
  calls: {
    training: boolean;
    inputs: FixtureTensor[];
    /** Options of the call: values, or the positions of their inputs. */
    options?: Record<string, number | boolean | number[]>;
    output: FixtureTensor;
    gradOutput: FixtureTensor;
    gradient: FixtureTensor;
  }[];
  gradients: Record<string, FixtureTensor>;
  final: Record<string, FixtureTensor>;
}

export const moduleFixtures = loadFixture('modules.json') as ModuleFixture[];

type Options = Partial<NonNullable<ModuleFixture['calls'][number]['options']>>;

interface Made {
  forward: (...inputs: unknown[]) => unknown;
}

/** Runs a module's calls on a device, and says where it differs from PyTorch; nothing when it does not. */
export async function moduleDifferences(fixture: ModuleFixture, device: Backend): Promise<string[]> {
  setDefaultDevice(device);
  const found: string[] = [];
  const Made = (nn as unknown as Record<string, new (...args: unknown[]) => Made>)[fixture.module]!;
  const made = new Made(...fixture.arguments.map(withTensors));
  const module = made instanceof nn.Module ? made : undefined;
  const keys = Object.keys(fixture.state).join();
  const state = module?.stateDict() ?? {};
  if (Object.keys(state).join() !== keys) return [`state ${Object.keys(state).join()}, PyTorch ${keys}`];
  module?.loadStateDict(tensorsOf(fixture.state, device));
  for (const [index, call] of fixture.calls.entries()) {
    module?.train(call.training);
    const { output, gradient } = scope(() => {
      const inputs = call.inputs.map((each) => fromFixture(each, device));
      inputs[0]!.requiresGrad = inputs[0]!.dtype === 'float32';
      const output = joined(made.forward(...argumentsOf(inputs, call.options)));
      output.backward(fromFixture(call.gradOutput, device));
      return { output: output.detach(), gradient: inputs[0]!.grad?.clone() };
    });
    found.push(...(await compare(`output ${index}`, output, call.output)));
    if (gradient) found.push(...(await compare(`gradient ${index}`, gradient, call.gradient)));
  }
  for (const [key, wanted] of Object.entries(fixture.gradients))
    found.push(...(await compare(`gradient of ${key}`, state[key]!.grad!, wanted)));
  for (const [key, wanted] of Object.entries(fixture.final))
    found.push(...(await compare(`final ${key}`, state[key]!, wanted)));
  return found;
}

/** One tensor of several, as the script that writes the fixtures joins them. */
function joined(output: unknown): Tensor {
  if (output instanceof Tensor) return output;
  const parts = (output as unknown[]).filter((each) => each !== null);
  return cat(parts.map((each) => joined(each).flatten()));
}

/** The arguments of a call: inputs, a state in its place, options at the end. */
function argumentsOf(inputs: readonly Tensor[], { state, ...options }: Options = {}): unknown[] {
  const used = [state, ...Object.values(options)].flat();
  const rest: unknown[] = inputs.filter((_, index) => !used.includes(index));
  const states = (state as number[] | undefined)?.map((index) => inputs[index]!);
  if (states) rest.push(states.length === 1 ? states[0] : states);
  const named = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === 'number' ? inputs[value]! : value,
  ]);
  return named.length > 0 ? [...rest, Object.fromEntries(named)] : rest;
}

function tensorsOf(state: Record<string, FixtureTensor>, device: Backend): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, fromFixture(value, device)]));
}

/** Options with tensors in place of lists of weights. */
function withTensors(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || Array.isArray(argument)) return argument;
  return Object.fromEntries(
    Object.entries(argument).map(([key, value]) =>
      /weight/i.test(key) ? [key, tensor(value as number[])] : [key, value as unknown],
    ),
  );
}
