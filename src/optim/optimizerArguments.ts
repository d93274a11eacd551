import { type Kind, kindOf, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { listOf, NUMBER, TENSOR, TENSORS } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { OptimizerParameters, SavedGroup } from './paramGroups.ts';

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
/** A group of parameters. */
export const GROUP: Kind = {
  takes: 'a group with params',
  fits: (value) => typeof value === 'object' && value !== null && 'params' in value,
};

/** The arguments of an optimizer's constructor and of its groups. */
export interface OptimizerArguments<Options extends object> {
  /** The optimizer, as messages name it. */
  readonly name: string;
  /** Checks the arguments, also the options of groups. Returns the parameters and the options. */
  readonly read: (args: readonly unknown[]) => {
    parameters: OptimizerParameters<Options>;
    options: Options;
  };
  /** Checks a group. */
  readonly group: (group: object) => void;
}

/** The arguments of an optimizer: parameters, then `ordered` options in PyTorch's order, or all of them by name. */
export function optimizerArguments<Options extends object>(
  name: string,
  options: { readonly [Name in keyof Options]-?: Kind },
  ordered: number,
): OptimizerArguments<Options> {
  const takes = signature<Options>(name, { parameters: PARAMETERS }, options, ordered);
  const ofGroup = signature(name, {}, { ...options, params: TENSORS, initialLr: NUMBER }, 0);
  const params = signature(name, { params: TENSORS });
  const group = (given: object): void => {
    ofGroup([given]);
    params([(given as { params?: unknown }).params]);
  };
  return {
    name,
    group,
    read: (args) => {
      const given = takes(args);
      const parameters = args[0] as OptimizerParameters<Options>;
      if (!TENSORS.fits(parameters)) for (const each of parameters) group(each);
      return { parameters, options: given };
    },
  };
}

/** What is assigned to the betas of a group. */
export const PAIR: Kind = {
  takes: 'a list of two numbers',
  fits: (value) => listOf(NUMBER).fits(value) && (value as readonly number[]).length === 2,
};

/** What `loadStateDict` takes. */
export const STATE: Kind = {
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
