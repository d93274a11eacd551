import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Options that every optimizer has, and that schedules may change. */
export interface CommonOptions {
  /** The learning rate. */
  lr: number;
  /** Maximises instead of minimising. */
  maximize: boolean;
  momentum?: number;
  betas?: readonly [number, number];
}

/** Parameters that share options. Assign to an option to change it from the next step on. */
export type ParamGroup<Options> = Options & {
  readonly params: readonly Tensor[];
  /** The rate from which a schedule started. */
  initialLr?: number;
};

/**
 * The parameters of an optimizer: a list, or groups with options of their own.
 *
 * @example new Adam([{ params: body.parameters() }, { params: head.parameters(), lr: 1e-2 }], { lr: 1e-3 })
 */
export type OptimizerParameters<Options> = readonly Tensor[] | readonly GroupOptions<Options>[];

/** A group that an optimizer is made with: its parameters, and the options that differ from the optimizer's. */
export type GroupOptions<Options> = Options & {
  readonly params: readonly Tensor[];
  /** The rate from which a schedule started, for one that goes on with `lastEpoch`. */
  readonly initialLr?: number;
};

/** A group in a state dict: options by PyTorch's names, parameters by position. */
export type SavedGroup = Readonly<Record<string, unknown>> & { readonly params: readonly number[] };

/** Options, and the defaults of those that are left out. */
export function withDefaults<Options extends object>(options: Partial<Options>, defaults: Options): Options {
  const all = Object.entries(defaults).map(([name, value]) => [
    name,
    ownList(options[name as keyof Options] ?? (value as unknown)),
  ]);
  return Object.fromEntries(all) as Options;
}

/** Fills in the options that the groups leave out. */
export function resolveGroups<Options extends object>(
  parameters: OptimizerParameters<Partial<Options>>,
  defaults: Options,
): readonly ParamGroup<Options>[] {
  const groups = parameters.every((each) => 'params' in each)
    ? parameters
    : [{ params: parameters } as GroupOptions<Partial<Options>>];
  const all = groups.map((group) => {
    const began = group.initialLr === undefined ? {} : { initialLr: group.initialLr };
    // Frozen, because the memory of the parameters is laid out once: one that was pushed would not be trained.
    return { ...withDefaults(group, defaults), ...began, params: Object.freeze([...group.params]) };
  });
  return Object.freeze(all);
}

/** The groups by PyTorch's names: plain values, as JSON. */
export function saveGroups<Options extends object>(groups: readonly ParamGroup<Options>[]): SavedGroup[] {
  let position = 0;
  return groups.map(({ params, ...options }) => ({
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), ownList(value)])),
    params: params.map(() => position++),
  }));
}

/**
 * Reads the options of saved groups into groups of the same sizes. Changes nothing.
 *
 * @throws ArgumentError if the groups differ
 */
export function readGroups<Options extends object>(
  groups: readonly ParamGroup<Options>[],
  saved: readonly SavedGroup[],
): ParamGroup<Options>[] {
  const sizes = (each: readonly { params: readonly unknown[] }[]): string =>
    `groups of ${each.map(({ params }) => params.length).join(', ')} parameters`;
  if (sizes(groups) !== sizes(saved)) {
    throw new ArgumentError('loadStateDict', 'the parameter groups differ', {
      takes: sizes(groups),
      got: sizes(saved),
    });
  }
  return groups.map((group, index) => {
    const found = Object.entries({ ...group, initialLr: group.initialLr }).flatMap(([name, value]) => {
      const given = name === 'params' ? value : ownList(saved[index]![snakeCase(name)] ?? value);
      return given === undefined ? [] : [[name, given]];
    });
    return Object.fromEntries(found) as ParamGroup<Options>;
  });
}

/** A copy of a list, such as betas: a change of the caller's list changes no group. */
function ownList(value: unknown): unknown {
  return Array.isArray(value) ? [...(value as unknown[])] : value;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
