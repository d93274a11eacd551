import type { DType } from '../backend/dtypes.ts';
import { itemSize } from '../backend/dtypes.ts';
import { withoutComputing } from '../backend/recorder.ts';
import { type Rest, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { DTYPE, SIZES } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type AnyModule, Module } from './module.ts';

/** One layer of a model in a forward pass. */
export interface LayerSummary {
  /** The layer's name in the state dict: `3`, or `block.0`. */
  readonly name: string;
  /** The class: `Linear`. */
  readonly kind: string;
  /** That of the first tensor of several; undefined for a layer that the forward pass did not reach. */
  readonly outputShape: Shape | undefined;
  /** The layer's own trainable numbers; 0 if the layer was listed before. */
  readonly parameters: number;
  /** Whether the layer was listed before, so its parameters are shared. */
  readonly again: boolean;
}

/** A model's layers, shapes and sizes; as a string, a table. */
export class ModelSummary {
  readonly inputShape: Shape;
  readonly layers: readonly LayerSummary[];
  /** The number of trainable values. */
  readonly parameters: number;
  /** The number of other values: running statistics, frozen weights. */
  readonly fixed: number;
  /** The memory of both. */
  readonly bytes: number;

  constructor(inputShape: Shape, layers: readonly LayerSummary[], tensors: readonly Tensor[]) {
    const count = (some: readonly Tensor[]): number => some.reduce((sum, each) => sum + each.numel(), 0);
    this.inputShape = inputShape;
    this.layers = layers;
    this.parameters = count(tensors.filter(({ requiresGrad }) => requiresGrad));
    this.fixed = count(tensors) - this.parameters;
    this.bytes = tensors.reduce((sum, each) => sum + each.numel() * itemSize[each.dtype], 0);
  }

  /** The table that the console shows. */
  toString(): string {
    const rows = [
      ['layer', 'kind', 'output shape', 'parameters'],
      ['input', '', formatShape(this.inputShape), ''],
      ...this.layers.map(({ name, kind, outputShape, parameters, again }) => [
        name,
        kind,
        outputShape ? formatShape(outputShape) : kind === 'ParameterList' ? '' : 'not used',
        again ? 'as above' : grouped(parameters),
      ]),
    ];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
    const table = rows.map(([name, kind, shape, parameters]) =>
      [
        name!.padEnd(widths[0]!),
        kind!.padEnd(widths[1]!),
        shape!.padEnd(widths[2]!),
        parameters!.padStart(widths[3]!),
      ]
        .join('  ')
        .trimEnd(),
    );
    const fixed = this.fixed > 0 ? ` and ${grouped(this.fixed)} untrained numbers` : '';
    return [
      ...table,
      `total  ${grouped(this.parameters)} parameters${fixed}, ${grouped(this.bytes)} bytes`,
    ].join('\n');
  }
}

const takes = signature<{ dtype?: DType }>(
  'summary',
  { model: { takes: 'a module', fits: (value) => value instanceof Module }, inputShape: SIZES },
  { dtype: DTYPE },
  0,
);

/**
 * Lists the layers of a model with their output shapes and parameters. It runs a forward pass that computes nothing, in
 * evaluation mode and without gradients, so running statistics and random numbers do not change.
 *
 * A layer is a module without children, or one with tensors of its own.
 *
 * @param inputShape including the batch: `[1, 1, 28, 28]`
 * @param options.dtype the input's dtype; by default that of the parameters
 * @throws the model's errors for an input of that shape
 * @example
 * console.log(String(summary(model, [1, 1, 28, 28])));
 */
export function summary(
  model: Module<[Tensor], unknown>,
  inputShape: Shape,
  ...rest: Rest<{ dtype?: DType }>
): ModelSummary {
  const options = takes([model, inputShape, ...rest]);
  const [first] = model.parameters();
  const modules = [...model.namedModules()].map(([, module]) => module);
  const training = modules.map((module) => module.training);
  const calls: Call[] = [];
  model.eval();
  try {
    scope(() => {
      noGrad(() => {
        const input = empty(inputShape, {
          dtype: options.dtype ?? first?.dtype ?? 'float32',
          ...(first && { device: first.device }),
        });
        withoutComputing(() => watched(modules, calls, () => model.forward(input)));
      });
    });
  } finally {
    for (const [index, module] of modules.entries()) module.training = training[index]!;
  }
  const tensors = [...new Set(model.namedTensors().map(([, tensor]) => tensor))];
  return new ModelSummary([...inputShape], layersOf(model, calls), tensors);
}

interface Call {
  module: AnyModule;
  outputShape: Shape | undefined;
}

/** Runs `body` and records every call of a module's forward pass, in the order in which the calls begin. */
function watched(modules: readonly AnyModule[], calls: Call[], body: () => void): void {
  const own = modules.map((module) => Object.getOwnPropertyDescriptor(module, 'forward'));
  for (const module of modules) {
    const forward = module.forward.bind(module) as (...args: unknown[]) => unknown;
    const value = (...args: unknown[]): unknown => {
      const call: Call = { module, outputShape: undefined };
      calls.push(call);
      const output = forward(...args);
      call.outputShape = firstTensor(output)?.shape;
      return output;
    };
    Object.defineProperty(module, 'forward', { value, configurable: true });
  }
  try {
    body();
  } finally {
    for (const [index, module] of modules.entries()) {
      const before = own[index];
      if (before) Object.defineProperty(module, 'forward', before);
      else Reflect.deleteProperty(module, 'forward');
    }
  }
}

/** A result, or the first tensor of several. */
function firstTensor(result: unknown): Tensor | undefined {
  if (result instanceof Tensor) return result;
  if (!Array.isArray(result)) return undefined;
  return (result as unknown[]).map(firstTensor).find((each) => each !== undefined);
}

function layersOf(model: AnyModule, calls: readonly Call[]): LayerSummary[] {
  const names = new Map([...model.namedModules()].map(([name, module]) => [module, name]));
  const uncalled = [...names.keys()].filter((module) => !calls.some((call) => call.module === module));
  const all: Call[] = [...calls, ...uncalled.map((module) => ({ module, outputShape: undefined }))];
  const met = new Set<AnyModule>();
  return all.flatMap(({ module, outputShape }) => {
    const own = module.ownTensors();
    if (module.namedChildren().length > 0 && own.length === 0) return [];
    const again = met.has(module);
    met.add(module);
    const trained = own.filter(([, tensor]) => tensor.requiresGrad);
    const parameters = again ? 0 : trained.reduce((sum, [, tensor]) => sum + tensor.numel(), 0);
    return [{ name: names.get(module)!, kind: module.constructor.name, outputShape, parameters, again }];
  });
}

/** Formats 1,234,567 by hand, because the first use of toLocaleString loads tables for a hundred languages. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
