// Recurrent networks, a step at a time.

import { cat, stack } from '../ops/cat.ts';
import { dropout } from '../ops/dropout.ts';
import { linear } from '../ops/linear.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions, zeros } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, INTEGER, listOf, REAL, TENSOR } from '../tensor/kinds.ts';
import { symmetricUniform } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkSizes } from './moduleArguments.ts';
import { toBeListed } from './parameter.ts';
import { keywords } from './representation.ts';

/** Options of `LSTM` and `GRU`. */
export interface RecurrentOptions extends ModuleCreateOptions {
  /** Layers, of which each reads the outputs of the one before; 1 by default. */
  numLayers?: number;
  /** Whether there are biases; true by default. */
  bias?: boolean;
  /** Whether inputs and outputs are [N, L, …] instead of [L, N, …]; false by default. */
  batchFirst?: boolean;
  /** The probability of dropping outputs between layers in training; 0 by default. */
  dropout?: number;
  /** Whether each layer also reads the sequence from its end; false by default. */
  bidirectional?: boolean;
}

/** The optional arguments of `LSTM` and `GRU`: in this order, or by name. */
export type RecurrentArguments =
  | [options?: Maybe<RecurrentOptions>]
  | [
      numLayers: Maybe<number>,
      bias?: Maybe<boolean>,
      batchFirst?: Maybe<boolean>,
      dropout?: Maybe<number>,
      bidirectional?: Maybe<boolean>,
      options?: Maybe<ModuleCreateOptions>,
    ];

const OPTIONS = {
  numLayers: INTEGER,
  bias: BOOLEAN,
  batchFirst: BOOLEAN,
  dropout: REAL,
  bidirectional: BOOLEAN,
  ...MODULE,
};

/** The parameters of one direction of one layer. */
interface Cell {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh: Tensor | undefined;
  readonly biasHh: Tensor | undefined;
}

/**
 * What the recurrent networks share: parameters under PyTorch's names (weight_ih_l0, weight_hh_l0_reverse, …), layers and
 * directions.
 */
abstract class Recurrent<States extends readonly Tensor[], State> extends Module<
  [input: Tensor, state?: Maybe<State>],
  [output: Tensor, state: State]
> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly #hasBias: boolean;

  constructor(gates: number, inputSize: number, hiddenSize: number, rest: RecurrentArguments) {
    super();
    const name = new.target.name;
    const takes = signature<RecurrentOptions>(name, { inputSize: INTEGER, hiddenSize: INTEGER }, OPTIONS, 5);
    const {
      numLayers = 1,
      bias = true,
      batchFirst = false,
      dropout: p = 0,
      bidirectional = false,
      ...create
    } = takes([inputSize, hiddenSize, ...rest]);
    checkSizes(name, [inputSize, hiddenSize, numLayers]);
    if (!(p >= 0 && p <= 1))
      throw new ArgumentError(name, 'invalid probability', { takes: '0 ≤ dropout ≤ 1', got: `dropout ${p}` });
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.#hasBias = bias;
    const rows = gates * hiddenSize;
    const made = (...shape: number[]): Tensor =>
      toBeListed(symmetricUniform(shape, 1 / Math.sqrt(hiddenSize), { ...create, requiresGrad: true }));
    const own = this as unknown as Record<string, Tensor>;
    for (let layer = 0; layer < numLayers; layer++) {
      const width = layer === 0 ? inputSize : hiddenSize * (bidirectional ? 2 : 1);
      for (const suffix of this.#suffixes(layer)) {
        own[`weight_ih${suffix}`] = made(rows, width);
        own[`weight_hh${suffix}`] = made(rows, hiddenSize);
        if (!bias) continue;
        own[`bias_ih${suffix}`] = made(rows);
        own[`bias_hh${suffix}`] = made(rows);
      }
    }
  }

  #suffixes(layer: number): string[] {
    return this.bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`];
  }

  #cell(suffix: string): Cell {
    const own = this as unknown as Record<string, Tensor | undefined>;
    return {
      weightIh: own[`weight_ih${suffix}`]!,
      weightHh: own[`weight_hh${suffix}`]!,
      biasIh: own[`bias_ih${suffix}`],
      biasHh: own[`bias_hh${suffix}`],
    };
  }

  /** One step: the next states from the input's share of the gates, and the states before. */
  protected abstract next(gates: Tensor, states: States, cell: Cell): States;

  /** @param given the first states, each [layers · directions, N, hiddenSize]; zeros by default */
  protected run(input: Tensor, given: States | undefined, count: number): [Tensor, States] {
    const { inputSize, hiddenSize, numLayers, batchFirst, bidirectional } = this;
    const single = input.ndim === 2;
    if ((!single && input.ndim !== 3) || input.shape.at(-1) !== inputSize) {
      throw new ShapeError(this.constructor.name, 'input does not fit', {
        takes: `input ${batchFirst ? '[N, L, H]' : '[L, N, H]'} or [L, H]`,
        got: describe(input),
        where: `H = ${inputSize}`,
      });
    }
    const batchAxis = single ? undefined : batchFirst ? 0 : 1;
    const batch = batchAxis === undefined ? 1 : input.shape[batchAxis]!;
    if (input.shape[batchAxis === 0 ? 1 : 0] === 0) {
      throw new ShapeError(this.constructor.name, 'an empty sequence', {
        takes: 'at least one step',
        got: describe(input),
      });
    }
    const directions = bidirectional ? 2 : 1;
    const shape = [numLayers * directions, ...(single ? [] : [batch]), hiddenSize];
    const wrong = given?.find((each) => !sameShape(each.shape, shape));
    if (wrong) {
      throw new ShapeError(this.constructor.name, 'the state does not fit', {
        takes: `[layers · directions, N, hiddenSize] = [${shape.join(', ')}]`,
        got: describe(wrong),
      });
    }
    const { dtype, device } = input;
    // Steps first: [L, N, H].
    let sequence = single ? input.unsqueeze(1) : batchFirst ? input.transpose(0, 1) : input;
    const first =
      given?.map((each) => (single ? each.unsqueeze(1) : each)) ??
      Array.from({ length: count }, () => zeros([shape[0]!, batch, hiddenSize], { dtype, device }));
    const last: Tensor[][] = Array.from({ length: count }, () => []);
    for (let layer = 0; layer < numLayers; layer++) {
      if (layer > 0 && this.dropout > 0)
        sequence = dropout(sequence, { p: this.dropout, training: this.training });
      const outputs = this.#suffixes(layer).map((suffix, direction) => {
        const index = layer * directions + direction;
        const states = first.map((each) => each.at(index)) as readonly Tensor[] as States;
        const [output, final] = this.#along(sequence, states, this.#cell(suffix), direction === 1);
        final.forEach((each, at) => last[at]!.push(each));
        return output;
      });
      sequence = outputs.length === 1 ? outputs[0]! : cat(outputs, -1);
    }
    const states = last.map((each) => {
      const all = stack(each);
      return single ? all.squeeze(1) : all;
    }) as readonly Tensor[] as States;
    return [single ? sequence.squeeze(1) : batchFirst ? sequence.transpose(0, 1) : sequence, states];
  }

  /** One layer in one direction: the outputs of all steps, and the last states. */
  #along(sequence: Tensor, first: States, cell: Cell, reverse: boolean): [Tensor, States] {
    // The inputs' share of all steps is one product.
    const gates = linear(sequence, cell.weightIh, cell.biasIh).unbind(0);
    let states = first;
    const outputs: Tensor[] = [];
    for (const step of reverse ? gates.reverse() : gates) {
      states = this.next(step, states, cell);
      outputs.push(states[0]!);
    }
    return [stack(reverse ? outputs.reverse() : outputs), states];
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, numLayers, batchFirst, dropout: p, bidirectional } = this;
    const options = keywords({
      numLayers: numLayers === 1 ? undefined : numLayers,
      bias: this.#hasBias ? undefined : false,
      batchFirst: batchFirst || undefined,
      dropout: p || undefined,
      bidirectional: bidirectional || undefined,
    });
    return `${inputSize}, ${hiddenSize}${options && `, ${options}`}`;
  }
}

const lstmForward = signature<{ state?: readonly Tensor[] }>(
  'LSTM.forward',
  { input: TENSOR },
  {
    state: {
      takes: 'two tensors [h, c]',
      fits: (value) => listOf(TENSOR).fits(value) && (value as unknown[]).length === 2,
    },
  },
  1,
);
const gruForward = signature<{ state?: Tensor }>('GRU.forward', { input: TENSOR }, { state: TENSOR }, 1);

/**
 * Long short-term memory: gates decide what a cell keeps, takes in and shows.
 *
 *     i, f, g, o = σ, σ, tanh, σ of (W_ih x + b_ih + W_hh h + b_hh),   c ← f c + i g,   h ← o tanh c
 *
 * `forward(input, [h, c])` takes [L, N, inputSize], or [N, L, inputSize] with batchFirst, or [L, inputSize] for one
 * sequence. It returns [outputs, [h, c]]: the outputs of the last layer, of both directions one behind the other, and the
 * last states of all layers, [layers · directions, N, hiddenSize].
 *
 * Source: Hochreiter, Schmidhuber: Long short-term memory (1997); PyTorch's torch.nn.LSTM.
 *
 * @param rest numLayers, bias, batchFirst, dropout and bidirectional, in order or by name
 * @throws ArgumentError for sizes that are not positive integers
 * @example
 * const [outputs, [h, c]] = new LSTM(8, 16, { batchFirst: true }).forward(randn(4, 10, 8));
 */
export class LSTM extends Recurrent<readonly [Tensor, Tensor], [h: Tensor, c: Tensor]> {
  constructor(inputSize: number, hiddenSize: number, ...rest: RecurrentArguments) {
    super(4, inputSize, hiddenSize, rest);
  }

  /** @throws ShapeError unless input and state fit */
  override forward(
    input: Tensor,
    ...rest: [state?: Maybe<[h: Tensor, c: Tensor]>]
  ): [output: Tensor, state: [h: Tensor, c: Tensor]] {
    const { state } = lstmForward([input, ...rest]);
    return scope(() => {
      const [output, [h, c]] = this.run(input, state as [Tensor, Tensor] | undefined, 2);
      return [output, [h, c]];
    });
  }

  protected override next(
    gates: Tensor,
    [h, c]: readonly [Tensor, Tensor],
    { weightHh, biasHh }: Cell,
  ): readonly [Tensor, Tensor] {
    const [input, forget, cell, output] = gates.add(linear(h, weightHh, biasHh)).chunk(4, -1) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const kept = forget.sigmoid().mul(c).add(input.sigmoid().mul(cell.tanh()));
    return [output.sigmoid().mul(kept.tanh()), kept];
  }
}

/**
 * Gated recurrent units: gates decide what a state forgets and how far it moves.
 *
 *     r, z = σ of (W_ih x + b_ih + W_hh h + b_hh),   n = tanh(W_in x + b_in + r (W_hn h + b_hn)),   h ← (1 - z) n + z h
 *
 * `forward(input, h)` returns [outputs, h], in the shapes of `LSTM`.
 *
 * Source: Cho et al.: Learning phrase representations using RNN encoder–decoder (2014); PyTorch's torch.nn.GRU.
 *
 * @param rest numLayers, bias, batchFirst, dropout and bidirectional, in order or by name
 * @throws ArgumentError for sizes that are not positive integers
 */
export class GRU extends Recurrent<readonly [Tensor], Tensor> {
  constructor(inputSize: number, hiddenSize: number, ...rest: RecurrentArguments) {
    super(3, inputSize, hiddenSize, rest);
  }

  /** @throws ShapeError unless input and state fit */
  override forward(input: Tensor, ...rest: [state?: Maybe<Tensor>]): [output: Tensor, state: Tensor] {
    const { state } = gruForward([input, ...rest]);
    return scope(() => {
      const [output, [h]] = this.run(input, state && [state], 1);
      return [output, h];
    });
  }

  protected override next(
    gates: Tensor,
    [h]: readonly [Tensor],
    { weightHh, biasHh }: Cell,
  ): readonly [Tensor] {
    const [reset, update, fresh] = gates.chunk(3, -1) as [Tensor, Tensor, Tensor];
    const [r, z, n] = linear(h, weightHh, biasHh).chunk(3, -1) as [Tensor, Tensor, Tensor];
    const candidate = fresh.add(reset.add(r).sigmoid().mul(n)).tanh();
    // (1 - z) n + z h
    return [candidate.add(update.add(z).sigmoid().mul(h.sub(candidate)))];
  }
}
