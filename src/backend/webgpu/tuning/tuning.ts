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

/** The best choices on an adapter: one for each class of launches that was measured. */
export type Measured = ReadonlyMap<string, Choice>;

/**
 * The kernel and tile of each launch of a device: the measured choice for its shape class, otherwise the built-in
 * rules. They do not change while the device is in use, so equal launches give equal bits.
 */
export class Tuning implements DeviceTuning {
  readonly traits: Traits;
  readonly #measured: Map<string, Choice>;

  constructor(info: AdapterInfo, measured: Measured = new Map()) {
    this.traits = traitsOf(info);
    this.#measured = new Map(measured);
  }

  /** @throws KernelError for a kernel that does not compute the operation */
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

  /** Sets the choice for a class. The tuner uses it to compare choices on one device. */
  set(name: string, choice: Choice): void {
    this.#measured.set(name, choice);
  }

  /** One line for people and records. Equal choices give equal text. */
  get description(): string {
    const rules = `built-in rules for ${this.traits.software ? 'software drivers' : 'GPUs'}`;
    if (this.#measured.size === 0) return rules;
    return `measured for ${this.#measured.size} classes of shapes (${digest(this.#measured)}), else ${rules}`;
  }
}

/** A short name of the choices: FNV-1a over them in alphabetical order. */
function digest(measured: Measured): string {
  const lines = [...measured].map(([name, choice]) => `${name}: ${choiceText(choice)}`).sort();
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(lines.join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
