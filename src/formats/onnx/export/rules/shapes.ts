import type { Cut } from '../../../../ops/slice.ts';
import { stridesOf } from '../../../../tensor/shape.ts';
import { OnnxError } from '../../error.ts';
import { elementTypes } from '../../model.ts';
import { type Graph, int, ints, text } from '../graph.ts';
import type { Step, Value } from '../trace.ts';
import type { Rule, Rules } from './rule.ts';

/** Before the start of every axis. */
const FIRST = -(2 ** 31);

const name = (graph: Graph, { inputs: [x] }: Step): string => graph.nameOf(x!);

const reshape: Rule = (graph, step) => graph.reshape(name(graph, step), graph.dimsOf(step.output));

const softmax =
  (operator: string): Rule =>
  (graph, step) =>
    graph.node(operator, [name(graph, step)], { axis: int(step.facts as number) });

const reduce =
  (operator: string, since: number): Rule =>
  (graph, step) => {
    const axes = step.facts as readonly number[];
    const [x] = step.inputs;
    if (axes.length === 0) return graph.node('Identity', [graph.nameOf(x!)]);
    const keepdims = int(Number(step.output.shape.length === x!.shape.length));
    // Axes are an input since some version of each operator.
    return graph.opset >= since
      ? graph.node(operator, [graph.nameOf(x!), graph.ints(axes)], { keepdims })
      : graph.node(operator, [graph.nameOf(x!)], { axes: ints(axes), keepdims });
  };

const argReduce =
  (operator: string): Rule =>
  (graph, step) => {
    const keepdims = int(Number(step.output.shape.length === step.inputs[0]!.shape.length));
    const position = graph.node(operator, [name(graph, step)], { axis: int(step.facts as number), keepdims });
    return graph.node('Cast', [position], { to: int(elementTypes.int32) });
  };

const slice: Rule = (graph, step) => {
  const cuts = step.facts as readonly Cut[];
  const { shape } = step.inputs[0]!;
  const axes = shape
    .map((_, axis) => axis)
    .filter((axis) => {
      const { start, count, step: by } = cuts[axis]!;
      return start !== 0 || count !== shape[axis] || by !== 1;
    });
  const each = (of: (cut: Cut, axis: number) => number): string =>
    graph.ints(axes.map((axis) => of(cuts[axis]!, axis)));
  const sizes = graph.dimsOf(step.inputs[0]!);
  if (axes.some((axis) => typeof sizes[axis] !== 'number')) {
    throw new OnnxError('exportOnnx: slice takes a part of the batch; use dynamicBatch: false');
  }
  return graph.node('Slice', [
    name(graph, step),
    each(({ start }) => start),
    each(({ start, count, step: by }) => start + (count === 0 ? 0 : (count - 1) * by + 1)),
    graph.ints(axes),
    each(({ step: by }) => by),
  ]);
};

const flip: Rule = (graph, step) => {
  const axes = step.facts as readonly number[];
  if (axes.length === 0) return graph.node('Identity', [name(graph, step)]);
  const all = (value: number): string => graph.ints(axes.map(() => value));
  return graph.node('Slice', [name(graph, step), all(-1), all(FIRST), graph.ints(axes), all(-1)]);
};

/** A border of one value around x. */
const place: Rule = (graph, step) => {
  const { layout, value } = step.facts as {
    layout: { shape: readonly number[]; offset: number };
    value: number;
  };
  const whole = step.output.shape;
  let rest = layout.offset;
  const before = stridesOf(whole).map((stride) => {
    const at = Math.floor(rest / stride);
    rest -= at * stride;
    return at;
  });
  const after = whole.map((length, axis) => length - before[axis]! - layout.shape[axis]!);
  const { dtype } = step.output;
  const type = dtype === 'float64' || dtype === 'int32' ? dtype : 'float32';
  return graph.node(
    'Pad',
    [name(graph, step), graph.ints([...before, ...after]), graph.number(value, type)],
    {
      mode: text('constant'),
    },
  );
};

const gather: Rule = (graph, step) => {
  const { axis, index } = step.facts as { axis: number; index: Value };
  return graph.node('GatherElements', [name(graph, step), graph.nameOf(index)], { axis: int(axis) });
};

export const shapes: Rules = {
  reshape,
  view: reshape,
  softmax: softmax('Softmax'),
  logSoftmax: softmax('LogSoftmax'),
  sum: reduce('ReduceSum', 13),
  prod: reduce('ReduceProd', 18),
  amax: reduce('ReduceMax', 18),
  amin: reduce('ReduceMin', 18),
  argmax: argReduce('ArgMax'),
  argmin: argReduce('ArgMin'),
  cumsum: (graph, step) => {
    const { axis, reverse } = step.facts as { axis: number; reverse: boolean };
    const operands = [name(graph, step), graph.number(axis, 'int32')];
    return graph.node('CumSum', operands, { reverse: int(Number(reverse)) });
  },
  permute: (graph, step) =>
    graph.node('Transpose', [name(graph, step)], { perm: ints(step.facts as readonly number[]) }),
  expand: (graph, step) => graph.node('Expand', [name(graph, step), graph.shape(graph.dimsOf(step.output))]),
  slice,
  flip,
  place,
  gather,
  cat: (graph, { inputs, facts }) =>
    graph.node(
      'Concat',
      inputs.map((each) => graph.nameOf(each)),
      { axis: int(facts as number) },
    ),
  where: (graph, { inputs: [a, b], facts }) => {
    const { condition } = facts as { condition: Value };
    return graph.node(
      'Where',
      [condition, a!, b!].map((each) => graph.nameOf(each)),
    );
  },
  to: (graph, step) => graph.node('Cast', [name(graph, step)], { to: int(elementTypes[step.output.dtype]) }),
  clone: (graph, step) => graph.node('Identity', [name(graph, step)]),
};
