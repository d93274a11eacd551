import type { DeviceTuning, KernelChoices, Params, Variant } from '../../backend.ts';
import { KernelError } from '../../errors.ts';
import { builtIn } from './builtIn.ts';
import {
  type AdapterInfo,
  type Choice,
  choiceText,
  isTuned,
  kernelsOf,
  traitsOf,
  type Traits,
  type Tuned,
} from './choice.ts';
import { shapeClass } from './shapeClass.ts';

/** What was found best on an adapter: a choice for each class of launches that was measured. */
export type Measured = ReadonlyMap<string, Choice>;

/**
 * Which kernel and tile each launch of a device takes: what was measured for its class of shapes, else the built-in rules.
 * It does not change while the device is in use, so that the same launches give the same bits.
 */
export class Tuning implements DeviceTuning {
  readonly traits: Traits;
  readonly #measured: Map<string, Choice>;

  constructor(info: AdapterInfo, measured: Measured = new Map()) {
    this.traits = traitsOf(info);
    this.#measured = new Map(measured);
  }

  /** @throws KernelError for a kernel that does not do the operation */
  static of(info: AdapterInfo, choices: KernelChoices): Tuning {
    for (const [name, { kernel }] of Object.entries(choices)) {
      const [operation] = name.split(' ') as [Tuned];
      const kernels: readonly string[] = isTuned(operation) ? kernelsOf[operation] : [];
      if (!kernels.includes(kernel)) throw new KernelError(`tuning: '${kernel}' cannot run '${name}'`);
    }
    return new Tuning(info, new Map(Object.entries(choices) as [string, Choice][]));
  }

  get choices(): KernelChoices {
    return Object.fromEntries(this.#measured);
  }

  choose<T extends Tuned>(operation: T, params: Params<T>, variant: Variant<T>): Choice {
    const found =
      this.#measured.size > 0 ? this.#measured.get(shapeClass(operation, params, variant)) : undefined;
    return found ?? builtIn(operation, params, variant, this.traits);
  }

  /** Makes a choice for a class: for the tuner, whose device compares choices. */
  set(name: string, choice: Choice): void {
    this.#measured.set(name, choice);
  }

  /** One line for people and records; equal choices give equal text. */
  get description(): string {
    const rules = `built-in rules for ${this.traits.software ? 'software drivers' : 'GPUs'}`;
    if (this.#measured.size === 0) return rules;
    return `measured for ${this.#measured.size} classes of shapes (${digest(this.#measured)}), else ${rules}`;
  }
}

/** A short name of what was chosen: FNV-1a over the choices in alphabetical order. */
function digest(measured: Measured): string {
  const lines = [...measured].map(([name, choice]) => `${name}: ${choiceText(choice)}`).sort();
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(lines.join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
