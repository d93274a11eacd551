import { effect, refuseInCapture } from '../backend/recorder.ts';
import '../tensor/disposable.ts';
import { kindOf, signature, takesNothing } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { copyAll, copyInto } from '../tensor/dense.ts';
import { ArgumentError, FreedTensorError } from '../tensor/errors.ts';
import { TENSOR } from '../tensor/kinds.ts';
import { disown, own, type Owned } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { FlatParameters, type Segment } from './flatParameters.ts';
import {
  atLeast,
  finite,
  GROUP,
  type OptimizerArguments,
  type OptimizerState,
  PAIR,
  STATE,
} from './optimizerArguments.ts';
import {
  type CommonOptions,
  type GroupOptions,
  type ParamGroup,
  readGroups,
  resolveGroups,
  saveGroups,
  withDefaults,
} from './paramGroups.ts';

/** The state of which each parameter has one number. Each element has a copy, so that a launch reads and writes it. */
const SCALAR = 'mu_product';

const stepArguments = signature<{ guard?: Tensor }>('step', {}, { guard: TENSOR });
const groupArguments = signature('addParamGroup', { group: GROUP });
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
  readonly #takes: OptimizerArguments<Partial<Options>>;
  /** What a group has where it says nothing. */
  readonly #defaults: Options;
  #flat: FlatParameters;
  /** The parameters of each group. */
  #members: readonly (readonly Tensor[])[];
  #disposed = false;
  readonly #states = new Map<string, Tensor>();

  /** @throws ArgumentError for options out of range, or if the parameters are not distinct leaves */
  constructor(takes: OptimizerArguments<Partial<Options>>, args: readonly unknown[], defaults: Options) {
    const { parameters, options } = takes.read(args);
    this.name = takes.name;
    this.#takes = takes;
    this.#defaults = withDefaults(options, defaults);
    this.paramGroups = resolveGroups(parameters, this.#defaults);
    for (const group of this.paramGroups) this.#check(group);
    this.#members = this.paramGroups.map(({ params }) => params);
    this.#flat = new FlatParameters(this.name, this.#members);
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
    effect(() =>
      this.#members.forEach((params, index) => this.#checkAssigned(params, this.paramGroups[index])),
    );
    for (const segment of this.flat.advance()) this.update(segment, this.paramGroups[segment.group]!, guard);
    for (const state of this.#states.values()) state.storage.changed();
  }

  /**
   * Adds parameters, for example layers that were frozen until now. Options that the group leaves out are those that the
   * optimizer was made with. All parameters move to new memory, so captured steps are recorded again.
   *
   * @throws ArgumentError for options out of range, or parameters that the optimizer has already; nothing changes then
   * @example optimizer.addParamGroup({ params: encoder.parameters(), lr: 1e-5 })
   */
  addParamGroup(group: GroupOptions<Partial<Options>>): void {
    groupArguments(arguments);
    refuseInCapture('addParamGroup() of an optimizer', 'Add groups between steps.');
    this.#takes.group(group);
    const before = this.flat;
    const [added] = resolveGroups<Options>([group], this.#defaults);
    this.#check(added!);
    const groups = Object.freeze([...this.paramGroups, added!]);
    const members = [...this.#members, added!.params];
    const flat = new FlatParameters(this.name, members, before);
    (this as { paramGroups: readonly ParamGroup<Options>[] }).paramGroups = groups;
    this.#members = members;
    this.#flat = flat;
    for (const [name, state] of this.#states) {
      if (state.numel() < before.values.numel()) continue;
      const larger = this.#fresh(name);
      copyInto(state, larger, { shape: state.shape, strides: state.strides, offset: 0 });
      this.#states.set(name, larger);
      state.dispose();
    }
    before.dispose();
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

  /** Throws ArgumentError for options that do not go together. */
  protected check?(options: Options): void;

  /** PyTorch's names of the state that the current options need. */
  protected abstract stateNames(): string[];
  protected abstract update(segment: Segment, options: Options, guard?: Tensor): void;

  /** The number with which a state starts; 0 if an optimizer does not say. */
  protected initial?(name: string, options: Options): number;

  /** The state of a name, in the layout of the flat parameters. */
  protected state(name: string): Tensor {
    let state = this.#states.get(name);
    if (!state) this.#states.set(name, (state = this.#fresh(name)));
    return state;
  }

  #fresh(name: string): Tensor {
    const state = this.flat.companion();
    this.flat.fill(
      state,
      this.paramGroups.map((group) => this.initial?.(name, group) ?? 0),
    );
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
    for (const [name, usual] of Object.entries(this.#defaults)) {
      const value = group[name as keyof Options] as never;
      if (name === 'dampening') finite(this.name, name, value);
      else if (typeof usual === 'number' && name !== 'lr') atLeast(this.name, name, value, 0);
    }
    const { betas } = group;
    if (this.#defaults.betas && !PAIR.fits(betas)) {
      throw new ArgumentError(this.name, 'invalid betas', { takes: PAIR.takes, got: kindOf(betas) });
    }
    betas?.forEach((beta, index) => atLeast(this.name, `betas[${index}]`, beta, 0, 1));
    this.check?.(group);
  }

  /** Checks what may have been assigned to a group since the last step. A schedule may round a rate to just below 0. */
  #checkAssigned(params: readonly Tensor[], group: ParamGroup<Options> | undefined): void {
    if (group?.params !== params) {
      throw new ArgumentError(this.name, 'other parameters were assigned to a group', {
        takes: 'the parameters that it was made with; addParamGroup adds some',
        got: kindOf(group?.params),
      });
    }
    finite(this.name, 'lr', group.lr);
    this.#checkOthers(group);
  }

  /** Returns the state for `loadStateDict`. */
  stateDict(): OptimizerState {
    takesNothing('stateDict', arguments);
    const tensors: Record<string, Tensor> = {};
    for (const name of this.stateNames()) {
      const state = this.state(name);
      this.flat.parameters.forEach((_, index) => {
        const part = this.flat.part(state, index);
        tensors[`${name}.${index}`] = name === SCALAR ? oneOf(part) : part;
      });
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
    const names = Object.keys(own.tensors);
    const targets = this.stateNames().flatMap((name) =>
      this.flat.parameters.map((_, index) => this.flat.part(this.state(name), index)),
    );
    for (const target of targets) target.storage.changed();
    copyAll(
      names.map((name) => tensors[name]!),
      targets,
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

/** The first element of a part; a part without elements is itself. */
function oneOf(part: Tensor): Tensor {
  return part.numel() === 0 ? part : part.withLayout({ shape: [], strides: [], offset: part.offset });
}
