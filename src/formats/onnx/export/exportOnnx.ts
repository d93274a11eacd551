import { type AnyModule, Module } from '../../../nn/index.ts';
import { isFloating } from '../../../backend/dtypes.ts';
import { isPlainObject, type Kind, type Rest, signature } from '../../../tensor/arguments.ts';
import { noGrad } from '../../../tensor/gradientMode.ts';
import { BOOLEAN, either, INTEGER, listOf, STRING, TENSOR, TENSORS } from '../../../tensor/kinds.ts';
import { scope } from '../../../tensor/scope.ts';
import { describe, Tensor } from '../../../tensor/tensor.ts';
import { cat } from '../../../ops/cat.ts';
import { encodeModel } from '../encode.ts';
import { OnnxError } from '../error.ts';
import type { ValueInfo } from '../model.ts';
import { usedNodes } from '../usedNodes.ts';
import { readConstants, valuesOf, writeConstant } from './constants.ts';
import { type Dim, Graph } from './graph.ts';
import { rules } from './rules/index.ts';
import { trace, type Trace, type Value } from './trace.ts';

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** The version of ONNX's operators, from 13 to 21; 17 by default. */
  opset?: number;
  /** Whether the first dim of inputs and outputs has any size; true by default. Otherwise it is that of the example. */
  dynamicBatch?: boolean;
  /** The names of the inputs: `input`, or `input_0`, `input_1` and so on. */
  inputNames?: readonly string[];
  /** The names of the outputs: `output`, or `output_0`, `output_1` and so on. */
  outputNames?: readonly string[];
  /** Texts by key that the file keeps, such as the names of the classes. */
  metadata?: Readonly<Record<string, string>>;
}

/** The versions of operators that rules can write. */
const [FIRST_OPSET, LAST_OPSET] = [13, 21];

const TEXTS: Kind = {
  takes: 'texts by key',
  fits: (value) => isPlainObject(value) && Object.values(value).every((each) => typeof each === 'string'),
};
const takes = signature<ExportOptions>(
  'exportOnnx',
  {
    model: { takes: 'a module', fits: (value) => value instanceof Module },
    exampleInput: either(TENSOR, TENSORS),
  },
  {
    opset: INTEGER,
    dynamicBatch: BOOLEAN,
    inputNames: listOf(STRING),
    outputNames: listOf(STRING),
    metadata: TEXTS,
  },
  0,
);

/**
 * Writes a model as an ONNX file, which other tools run: onnxruntime, TensorRT, browsers.
 *
 * Two forward passes in evaluation mode record the operations, one with the example and one with other values and, for a
 * dynamic batch, another size. Modules, and functions of the library in any `forward`, are exported alike. Sizes that grow with
 * the batch become dynamic. Parameters keep their names from the state dict.
 *
 * @param exampleInput an input, or a list of them for a `forward` with several
 * @returns the bytes of the file
 * @throws OnnxError for an operation that has no ONNX form here, and for values that depend on the input but are computed outside
 *   of tensors
 * @example
 * await writeFile('model.onnx', await exportOnnx(model, rand([1, 1, 28, 28])));
 */
export async function exportOnnx(
  model: AnyModule,
  exampleInput: Tensor | readonly Tensor[],
  ...rest: Rest<ExportOptions>
): Promise<Uint8Array> {
  const options = takes([model, exampleInput, ...rest]);
  const { opset = 17, dynamicBatch = true, metadata = {} } = options;
  if (opset < FIRST_OPSET || opset > LAST_OPSET) {
    throw new OnnxError(`exportOnnx: takes opset ${FIRST_OPSET} to ${LAST_OPSET}, got ${opset}`);
  }
  const examples = exampleInput instanceof Tensor ? [exampleInput] : exampleInput;
  checkExamples(examples, dynamicBatch);
  const others = examples.map((each) => otherInput(each, dynamicBatch));
  const kept: Trace[] = [];
  try {
    const passes = inEvaluation(model, () =>
      [examples, others].map((inputs) => {
        const pass = trace(model, inputs);
        kept.push(pass);
        return pass;
      }),
    ) as [Trace, Trace];
    const [first, second] = passes;
    checkAlike(first, second);
    const constants = await readConstants(model, first, second);
    const inputNames = named('input', options.inputNames, first.inputs.length);
    const secondShapes = new Map(valuesOf(second).map(({ id, shape }) => [id, shape]));
    const batches = [examples, others].map(([input]) => input?.shape[0] ?? 1) as [number, number];
    const shapes = { batches, second: ({ id }: Value) => secondShapes.get(id)! };
    const graph = new Graph(opset, shapes, inputNames[0]!);
    const outputNames = named('output', options.outputNames, first.outputs.length);
    const both = inputNames.find((name) => outputNames.includes(name));
    if (both !== undefined)
      throw new OnnxError(`exportOnnx: takes other outputNames than inputNames, got '${both}' in both`);
    for (const name of [...inputNames, ...outputNames]) graph.fresh(name);
    for (const [index, value] of first.inputs.entries()) graph.define(value, inputNames[index]!);
    for (const value of valuesOf(first)) {
      const constant = constants.get(value.id);
      if (constant && !graph.has(value)) graph.define(value, writeConstant(graph, value, constant));
    }
    for (const step of first.steps) {
      const rule = Object.hasOwn(rules, step.name) ? rules[step.name] : undefined;
      if (!rule) throw unsupported(step.name);
      graph.define(step.output, rule(graph, step));
    }
    for (const [index, value] of first.outputs.entries()) graph.output(value, outputNames[index]!);
    const nodes = usedNodes(graph.nodes, outputNames);
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    return encodeModel({
      irVersion: opset <= 18 ? 8 : opset <= 20 ? 9 : 10,
      producer: 'wgrad',
      opset,
      name: model.constructor.name,
      nodes,
      initializers: graph.constants.filter(({ name }) => read.has(name)),
      inputs: first.inputs.map((value, index) => info(graph, value, inputNames[index]!)),
      outputs: first.outputs.map((value, index) => info(graph, value, outputNames[index]!)),
      metadata,
    });
  } finally {
    for (const pass of kept) for (const { constant } of valuesOf(pass)) constant?.dispose();
    for (const each of others) each.dispose();
  }
}

function checkExamples(examples: readonly Tensor[], dynamicBatch: boolean): void {
  const bad = examples.find(({ shape }) => shape.includes(0) || (dynamicBatch && shape.length === 0));
  if (examples.length > 0 && !bad) return;
  throw new OnnxError(
    `exportOnnx: takes an example with elements, and with a batch as its first dim unless dynamicBatch is false; got ${bad ? describe(bad) : 'none'}`,
  );
}

/** An input of other values, and with one sample more where the batch is dynamic. */
function otherInput(x: Tensor, longer: boolean): Tensor {
  return scope(() =>
    noGrad(() => {
      // Indices must stay valid, so integers change their places only.
      const other = isFloating(x.dtype) ? x.mul(-0.5).add(0.25) : x.flip(...x.shape.keys());
      return longer ? cat([other, other.slice([0, 1])]) : other.clone();
    }),
  );
}

/** Runs `body` while all modules are in evaluation mode. */
function inEvaluation<T>(model: AnyModule, body: () => T): T {
  const modules = [...model.namedModules()].map(([, module]) => module);
  const training = modules.map((module) => module.training);
  model.eval();
  try {
    return body();
  } finally {
    for (const [index, module] of modules.entries()) module.training = training[index]!;
  }
}

/** Throws unless two passes compute the same operations of the same values. */
function checkAlike(first: Trace, second: Trace): void {
  const text = ({ inputs, output, name }: Trace['steps'][number]): string =>
    `${name} ${inputs.map(({ id }) => id).join()} ${output.id}`;
  const differs = first.steps.findIndex((step, index) => {
    const other = second.steps[index];
    return !other || text(step) !== text(other);
  });
  const at = differs < 0 && first.steps.length < second.steps.length ? first.steps.length : differs;
  if (at < 0) return;
  const names = [first, second].map(({ steps }) => steps[at]?.name ?? 'the end');
  throw new OnnxError(
    `exportOnnx: the forward pass computes other operations for another input: operation ${at + 1} is ${names.join(', then ')}. A file has ` +
      'one order of operations; if they depend on the size of the batch, use dynamicBatch: false',
  );
}

function named(stem: string, given: readonly string[] | undefined, count: number): readonly string[] {
  const names = given ?? (count === 1 ? [stem] : Array.from({ length: count }, (_, at) => `${stem}_${at}`));
  if (names.length === count && new Set(names).size === count && !names.includes('')) return names;
  throw new OnnxError(`exportOnnx: takes ${count} different ${stem}Names, got ${JSON.stringify(names)}`);
}

function unsupported(name: string): OnnxError {
  const reason =
    name === 'dropout'
      ? 'dropout in training draws random numbers; use module.training, which is false here'
      : `the operation '${name}' has no ONNX form here`;
  return new OnnxError(`exportOnnx: ${reason}; supported are ${Object.keys(rules).toSorted().join(', ')}`);
}

function info(graph: Graph, value: Value, name: string): ValueInfo {
  const dims = graph
    .dimsOf(value)
    .map((dim: Dim) =>
      typeof dim === 'number' ? dim : dim.times === 1 ? 'batch' : `batch_times_${dim.times}`,
    );
  if (value.dtype === 'float16')
    throw new OnnxError('exportOnnx: takes float32 and float64 inputs, got float16');
  return { name, type: value.dtype, dims };
}
