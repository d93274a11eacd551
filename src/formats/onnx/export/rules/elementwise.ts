import { codes } from '../../../../backend/signatures.ts';
import { elementTypes } from '../../model.ts';
import { float, type Graph, int, text } from '../graph.ts';
import type { Step } from '../trace.ts';
import type { Rule, Rules } from './rule.ts';

/** One node for an operation without attributes. */
const plain =
  (operator: string): Rule =>
  (graph, { inputs }) =>
    graph.node(
      operator,
      inputs.map((each) => graph.nameOf(each)),
    );

/** A constant of the dtype of a step. */
const constant = (graph: Graph, { inputs }: Step, value: number): string =>
  graph.number(value, inputs[0]!.dtype === 'float64' ? 'float64' : 'float32');

/** The constants of a unary kernel. */
const limits = ({ facts }: Step): { alpha: number; beta: number } => facts as { alpha: number; beta: number };

/** Truth values have operators of their own. */
const ofBool =
  (operator: string, logical: string): Rule =>
  (graph, step) =>
    plain(step.inputs[0]!.dtype === 'bool' ? logical : operator)(graph, step);

const gelu: Rule = (graph, step) => {
  const x = graph.nameOf(step.inputs[0]!);
  const tanh = step.facts === codes.unary.GELU_TANH;
  if (graph.opset >= 20) return graph.node('Gelu', [x], { approximate: text(tanh ? 'tanh' : 'none') });
  const number = (value: number): string => constant(graph, step, value);
  const inner = (): string => {
    if (!tanh) return graph.node('Erf', [graph.node('Mul', [x, number(Math.SQRT1_2)])]);
    const cubic = graph.node('Mul', [graph.node('Mul', [graph.node('Mul', [x, x]), x]), number(0.044715)]);
    const sum = graph.node('Add', [x, cubic]);
    return graph.node('Tanh', [graph.node('Mul', [sum, number(Math.sqrt(2 / Math.PI))])]);
  };
  const shifted = graph.node('Add', [inner(), number(1)]);
  return graph.node('Mul', [graph.node('Mul', [x, shifted]), number(0.5)]);
};

/** log(1 + e^(βx)) / β, and x beyond the threshold. */
const softplus: Rule = (graph, step) => {
  const x = graph.nameOf(step.inputs[0]!);
  const { alpha: beta, beta: threshold } = limits(step);
  const scaled = beta === 1 ? x : graph.node('Mul', [x, constant(graph, step, beta)]);
  const soft = graph.node('Softplus', [scaled]);
  const curve = beta === 1 ? soft : graph.node('Div', [soft, constant(graph, step, beta)]);
  if (threshold === Infinity) return curve;
  return graph.node('Where', [graph.node('Greater', [scaled, constant(graph, step, threshold)]), x, curve]);
};

const clamp: Rule = (graph, step) => {
  const { alpha, beta } = limits(step);
  const [low, high] = [alpha, beta].map((each) =>
    Number.isFinite(each) ? constant(graph, step, each) : undefined,
  );
  return graph.node('Clip', [graph.nameOf(step.inputs[0]!), low, high]);
};

const trunc: Rule = (graph, step) => {
  const x = graph.nameOf(step.inputs[0]!);
  const negative = graph.node('Less', [x, constant(graph, step, 0)]);
  return graph.node('Where', [negative, graph.node('Ceil', [x]), graph.node('Floor', [x])]);
};

/** ONNX's Mod of floating numbers has the sign of the dividend. */
const floorDivide: Rule = (graph, step) => graph.node('Floor', [plain('Div')(graph, step)]);
const remainder: Rule = (graph, step) => {
  const [a, b] = step.inputs.map((each) => graph.nameOf(each));
  return graph.node('Sub', [a!, graph.node('Mul', [floorDivide(graph, step), b!])]);
};

/** Truth values count as the numbers 0 and 1 beside integers, and where their order is asked for. */
const relation =
  (operator: string): Rule =>
  (graph, { inputs }) => {
    const isBool = inputs.map(({ dtype }) => dtype === 'bool');
    const asNumbers = operator !== 'Equal' || isBool.includes(false);
    const operands = inputs.map((each, at) => {
      const name = graph.nameOf(each);
      return isBool[at] && asNumbers ? graph.node('Cast', [name], { to: int(elementTypes.int32) }) : name;
    });
    return graph.node(operator, operands);
  };

export const elementwise: Rules = {
  relu: plain('Relu'),
  leakyRelu: (graph, step) =>
    graph.node('LeakyRelu', [graph.nameOf(step.inputs[0]!)], { alpha: float(limits(step).alpha) }),
  gelu,
  sigmoid: plain('Sigmoid'),
  silu: (graph, { inputs: [x] }) =>
    graph.node('Mul', [graph.nameOf(x!), graph.node('Sigmoid', [graph.nameOf(x!)])]),
  softplus,
  tanh: plain('Tanh'),
  abs: plain('Abs'),
  clamp,
  cos: plain('Cos'),
  erf: plain('Erf'),
  exp: plain('Exp'),
  expm1: (graph, step) =>
    graph.node('Sub', [graph.node('Exp', [graph.nameOf(step.inputs[0]!)]), constant(graph, step, 1)]),
  log1p: (graph, step) =>
    graph.node('Log', [graph.node('Add', [graph.nameOf(step.inputs[0]!), constant(graph, step, 1)])]),
  floor: plain('Floor'),
  ceil: plain('Ceil'),
  round: plain('Round'),
  trunc,
  log: plain('Log'),
  neg: plain('Neg'),
  reciprocal: plain('Reciprocal'),
  rsqrt: (graph, { inputs: [x] }) => graph.node('Reciprocal', [graph.node('Sqrt', [graph.nameOf(x!)])]),
  sign: plain('Sign'),
  sin: plain('Sin'),
  sqrt: plain('Sqrt'),
  norm: plain('Sqrt'),
  std: plain('Sqrt'),
  square: (graph, { inputs: [x] }) => graph.node('Mul', [graph.nameOf(x!), graph.nameOf(x!)]),
  add: plain('Add'),
  sub: plain('Sub'),
  mul: ofBool('Mul', 'And'),
  div: plain('Div'),
  floorDivide,
  remainder,
  pow: plain('Pow'),
  maximum: ofBool('Max', 'Or'),
  minimum: ofBool('Min', 'And'),
  eq: relation('Equal'),
  ne: (graph, step) => graph.node('Not', [relation('Equal')(graph, step)]),
  lt: relation('Less'),
  le: relation('LessOrEqual'),
  gt: relation('Greater'),
  ge: relation('GreaterOrEqual'),
};
