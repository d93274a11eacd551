import { Tensor } from '../../../tensor/tensor.ts';
import type { NodeProto } from '../model.ts';
import type { Value } from './values.ts';

/** The values of a forward pass. What a node computed is freed after the last node that reads it. */
export class LiveValues {
  readonly #values: Map<string, Value>;
  readonly #given: ReadonlySet<Value>;
  /** How many names a computed value has; an operator may return its operand. */
  readonly #names = new Map<Value, number>();
  readonly #endings: Endings;

  constructor(given: readonly (readonly [string, Value])[], endings: Endings) {
    this.#values = new Map(given);
    this.#given = new Set(this.#values.values());
    this.#endings = endings;
  }

  get(name: string): Value {
    return this.#values.get(name)!;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
    if (!this.#given.has(value)) this.#names.set(value, (this.#names.get(value) ?? 0) + 1);
  }

  /** Frees what only this node, and those before it, read. */
  end(node: NodeProto): void {
    for (const name of this.#endings.get(node) ?? []) {
      const value = this.get(name);
      const names = this.#names.get(value);
      if (names === undefined) continue;
      this.#values.delete(name);
      this.#names.set(value, names - 1);
      if (names > 1) continue;
      this.#names.delete(value);
      if (value instanceof Tensor) value.dispose();
    }
  }
}

/** The names that each node is the last to read. */
export type Endings = ReadonlyMap<NodeProto, readonly string[]>;

/** @param kept names that are read after all nodes */
export function endingsOf(nodes: readonly NodeProto[], kept: readonly string[]): Endings {
  const seen = new Set(kept);
  return new Map(
    nodes.toReversed().map((node) => {
      const last = [...new Set([...node.inputs, ...node.outputs])].filter(
        (name) => name !== '' && !seen.has(name),
      );
      for (const name of last) seen.add(name);
      return [node, last];
    }),
  );
}
