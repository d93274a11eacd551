import { effect, refuseInCapture } from '../backend/recorder.ts';
import '../tensor/disposable.ts';
import { type Kind, kindOf, type Signature, signature, takesNothing } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { ArgumentError, FreedTensorError } from '../tensor/errors.ts';
import { disown, own, type Owned } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { listOf, NUMBER, TENSOR, TENSORS } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { copyAll } from '../tensor/dense.ts';
import { FlatParameters, type Segment } from './flatParameters.ts';
import {
  type CommonOptions,
  type OptimizerParameters,
  type ParamGroup,
  readGroups,
  resolveGroups,
  type SavedGroup,
  saveGroups,
} from './paramGroups.ts';

/** The state of an optimizer: step counts, state tensors and options, by PyTorch's names. */
export interface OptimizerState {
  steps: number[];
  /** For example `exp_avg.0`: the state's name and the parameter's position. Views, which each step changes. */
  tensors: Record<string, Tensor>;
  /** For example `{ lr: 0.001, weight_decay: 0, params: [0, 1] }`: plain values, as JSON. */
  paramGroups: SavedGroup[];
}

const PARAMETERS: Kind = {
  takes: 'a list of tensors, or of groups { params, … }',
  fits: (value) => TENSORS.fits(value) || listOf(GROUP).fits(value),
};
const GROUP: Kind = {
  takes: 'a group with params',
  fits: (value) => typeof value === 'object' && value !== null && 'params' in value,
};

/**
 * The arguments of an optimizer's constructor: parameters, then options in PyTorch's order or by name. The options of
 * groups are checked likewise.
 */
export function optimizerSignature<Options extends object>(
  name: string,
  options: { readonly [Name in keyof Options]-?: Kind },
  ordered: number,
): Signature<Options> {
  const takes = signature<Options>(name, { parameters: PARAMETERS }, options, ordered);
  const ofGroup = signature(name, {}, { ...options, params: TENSORS, initialLr: NUMBER }, 0);
  return (args) => {
    const given = takes(args);
    const parameters = args[0] as readonly object[];
    if (!TENSORS.fits(parameters)) for (const group of parameters) ofGroup([group]);
    return given;
  };
}

const PAIR: Kind = {
  takes: 'a list of two numbers',
  fits: (value) => listOf(NUMBER).fits(value) && (value as readonly number[]).length === 2,
};

const STATE: Kind = {
  takes: 'the state that stateDict returned: { steps, tensors, paramGroups }',
  fits: (value) => {
    const { steps, tensors, paramGroups } = (value ?? {}) as Partial<OptimizerState>;
    return (
      listOf(NUMBER).fits(steps) &&
      typeof tensors === 'object' &&
      Object.values(tensors).every((each: unknown) => TENSOR.fits(each)) &&
      listOf(GROUP).fits(paramGroups)
    );
  },
};

const stepArguments = signature<{ guard?: Tensor }>('step', {}, { guard: TENSOR });
const loadArguments = signature('loadStateDict', { state: STATE });

/**
 * Updates parameters from their gradients. A step is one launch per group. A parameter without a gradient, for example
 * a frozen one, is left alone: neither momentum nor weight decay changes it.
 *
 * `dispose` frees the optimizer's state, and so does the `scope` in which it was made, unless it returns the optimizer.
 * The parameters stay.
 */
export abstract class Optimizer<Options extends CommonOptions = CommonOptions> implements Owned, Disposable {
  /** The parameters and their options. Options may be assigned between steps. */
  readonly paramGroups: readonly ParamGroup<Options>[];
  protected readonly name: string;
  readonly #flat: FlatParameters;
  /** The parameters of each group. */
  readonly #members: readonly (readonly Tensor[])[];
  #disposed = false;
  readonly #states = new Map<string, Tensor>();

  /** @throws ArgumentError for options out of range, or if the parameters are not distinct leaves */
  constructor(
    name: string,
    parameters: OptimizerParameters<Partial<Options>>,
    options: Partial<Options>,
    defaults: Options,
  ) {
    this.name = name;
    this.paramGroups = resolveGroups(parameters, options, defaults);
    for (const group of this.paramGroups) this.#check(group);
    this.#members = this.paramGroups.map(({ params }) => params);
    this.#flat = new FlatParameters(name, this.#members);
    own(this);
  }

  /** The parameters. Throws FreedTensorError after `dispose`. */
  protected get flat(): FlatParameters {
    if (!this.#disposed) return this.#flat;
    throw new FreedTensorError(
      `A disposed ${this.name} was used: it was disposed, or its scope ended. Return it from the scope, or make it ` +
        'outside.',
    );
  }

  /** The learning rate of the first group. Assigning sets that of all groups. */
  get lr(): number {
    return this.paramGroups[0]!.lr;
  }

  set lr(lr: number) {
    refuseInCapture('assigning the learning rate', 'Assign it between steps, or use a schedule.');
    atLeast(this.name, 'lr', lr, 0);
    for (const group of this.paramGroups) group.lr = lr;
  }

  /**
   * Takes one step for every parameter that has a gradient.
   *
   * @param guard the counts of a GradScaler: if the first is not 0, the device skips the step
   */
  step(guard?: Tensor): void {
    if (arguments.length > 0) stepArguments(arguments);
    effect(() => this.paramGroups.forEach((group, index) => this.#checkAssigned(group, index)));
    for (const segment of this.flat.advance()) this.update(segment, this.paramGroups[segment.group]!, guard);
    for (const state of this.#states.values()) state.storage.changed();
  }

  /** Frees the gradients. */
  zeroGrad(): void {
    takesNothing('zeroGrad', arguments);
    this.flat.zeroGrad();
  }

  /** Frees the state. The parameters keep their values and gradients, and can be given to another optimizer. */
  dispose(): void {
    takesNothing('dispose', arguments);
    if (this.#disposed) return;
    this.#disposed = true;
    disown(this);
    this.#flat.dispose();
    for (const state of this.#states.values()) state.dispose();
    this.#states.clear();
  }

  /** Called by `using`: disposes the optimizer. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Throws ArgumentError for options out of range, other than the learning rate. */
  protected abstract check(options: Options): void;
  /** PyTorch's names of the state that the current options need. */
  protected abstract stateNames(): string[];
  protected abstract update(segment: Segment, options: Options, guard?: Tensor): void;

  /** The state of a name, zero at first, in the layout of the flat parameters. */
  protected state(name: string): Tensor {
    let state = this.#states.get(name);
    if (!state) this.#states.set(name, (state = this.flat.companion()));
    return state;
  }

  /** The state of a name if it is used, otherwise unused memory to bind in its place. */
  protected stateIf(used: boolean, name: string): Tensor {
    if (used) return this.state(name);
    const unused = `${name}, unused`;
    let spare = this.#states.get(unused);
    if (!spare) this.#states.set(unused, (spare = this.flat.companion(1)));
    return spare;
  }

  #check(group: Options): void {
    atLeast(this.name, 'lr', group.lr, 0);
    this.#checkOthers(group);
  }

  #checkOthers(group: Options): void {
    if ('betas' in group && !PAIR.fits(group.betas)) {
      throw new ArgumentError(this.name, 'invalid betas', { takes: PAIR.takes, got: kindOf(group.betas) });
    }
    this.check(group);
  }

  /** Checks what may have been assigned to a group since the last step. A schedule may round a rate to just below 0. */
  #checkAssigned(group: ParamGroup<Options>, index: number): void {
    finite(this.name, 'lr', group.lr);
    this.#checkOthers(group);
    if (group.params === this.#members[index]) return;
    throw new ArgumentError(this.name, 'other parameters were assigned to a group', {
      takes: 'the parameters that it was made with; make a new optimizer for others',
      got: kindOf(group.params),
    });
  }

  /** Returns the state for `loadStateDict`. */
  stateDict(): OptimizerState {
    takesNothing('stateDict', arguments);
    const tensors: Record<string, Tensor> = {};
    for (const name of this.stateNames()) {
      const state = this.state(name);
      this.flat.parameters.forEach(
        (_, index) => (tensors[`${name}.${index}`] = this.flat.part(state, index)),
      );
    }
    return { steps: [...this.flat.steps], tensors, paramGroups: saveGroups(this.paramGroups) };
  }

  /**
   * Continues from a saved state.
   *
   * @throws ArgumentError if the state belongs to other parameters or another optimizer, DeviceError or DTypeError if
   *   its tensors are on another device or of another dtype; nothing changes then
   */
  loadStateDict(state: OptimizerState): void {
    loadArguments(arguments);
    const { steps, tensors, paramGroups } = state;
    refuseInCapture('loadStateDict() of an optimizer', 'Load between steps.');
    const groups = readGroups(this.paramGroups, paramGroups);
    for (const group of groups) this.#check(group);
    const before = this.paramGroups.map((group) => ({ ...group }));
    this.paramGroups.forEach((group, index) => Object.assign(group, groups[index]));
    // Which state exists depends on the options.
    const own = this.stateDict();
    try {
      checkState(own, steps, tensors);
    } catch (error) {
      this.paramGroups.forEach((group, index) => Object.assign(group, before[index]));
      throw error;
    }
    steps.forEach((step, index) => (this.flat.steps[index] = step));
    const targets = Object.entries(own.tensors);
    for (const [, state] of targets) state.storage.changed();
    copyAll(
      targets.map(([name]) => tensors[name]!),
      targets.map(([, state]) => state),
    );
  }
}

/** Throws unless a saved state has the step counts and the tensors of an optimizer's own. */
function checkState(
  own: OptimizerState,
  steps: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  const names = Object.keys(own.tensors);
  if (
    steps.length !== own.steps.length ||
    names.some((name) => !tensors[name] || !sameShape(tensors[name].shape, own.tensors[name]!.shape))
  ) {
    throw new ArgumentError('loadStateDict', 'not the state of this optimizer', {
      takes: `${own.steps.length} step counts and ${names.join(', ')}`,
      got: `${steps.length} step counts and ${Object.keys(tensors).join(', ')}`,
    });
  }
  for (const name of names) {
    checkAlike('loadStateDict', own.tensors[name]!, tensors[name]!);
    // Reading the storage throws if the tensor has been freed.
    tensors[name]!.handle().dispose();
  }
}

/** Throws ArgumentError unless a value is a finite number. */
export function finite(optimizer: string, name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new ArgumentError(optimizer, `invalid ${name}`, {
    takes: 'a finite number',
    got: `${name} ${kindOf(value)}`,
  });
}

/** Throws ArgumentError unless `least` ≤ value < `below`. */
export function atLeast(
  optimizer: string,
  name: string,
  value: number,
  least: number,
  below: number = Infinity,
): void {
  if (typeof value === 'number' && value >= least && value < below) return;
  throw new ArgumentError(optimizer, `invalid ${name}`, {
    takes: `${least} ≤ ${name}${below < Infinity ? ` < ${below}` : ', finite'}`,
    got: `${name} ${kindOf(value)}`,
  });
}
