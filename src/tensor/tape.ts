import { GradientError } from './errors.ts';
import { isRecording } from './gradientMode.ts';
import type { Source, Tensor } from './tensor.ts';

/**
 * The gradients of an operation's inputs, in their order, each computed only when it is asked for; undefined for an
 * input that has none.
 */
export type Gradients = readonly ((() => Tensor) | undefined)[];

/** How an operation's gradient is made from that of its output, in differentiable operations. */
export type Rule = (gradient: Tensor, ...saved: Tensor[]) => Gradients;

let homes: readonly (Tensor | undefined)[] = [];

/**
 * Within a rule: where the gradient of input `index` is to lie in the end, contiguous, if nothing else goes there. A rule
 * that writes it there and gives back this tensor saves a copy.
 */
export function homeOf(index: number): Tensor | undefined {
  return homes[index];
}

/** A recorded operation. It lives as long as its output, or a later operation, needs it. */
export class Node implements Source {
  /** Grows with time: an operation's inputs have lower numbers. */
  readonly id: number;
  readonly name: string;
  readonly edges: readonly (Source | undefined)[];
  readonly #rule: Rule;
  readonly #saved: readonly Tensor[];
  readonly #versions: readonly number[];
  readonly #output: number;
  #spent = false;
  #holders = 1;

  constructor(name: string, inputs: readonly Tensor[], saved: readonly Tensor[], output: Tensor, rule: Rule) {
    this.id = nextId++;
    this.name = name;
    this.edges = inputs.map((input) => input.source?.retain());
    // A node that held its own output's history would keep itself alive.
    this.#saved = saved.map((tensor) => tensor.alias(tensor !== output));
    this.#versions = saved.map((tensor) => tensor.storage.version);
    this.#output = saved.indexOf(output);
    this.#rule = rule;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) bury(this);
  }

  /** @param wanted where the gradients of the inputs are to lie: see `homeOf` */
  gradients(gradient: Tensor, wanted: readonly (Tensor | undefined)[] = []): Gradients {
    if (this.#spent) {
      throw new GradientError(
        `backward: the graph was freed by an earlier backward at '${this.name}'; pass { retainGraph: true } to it`,
      );
    }
    const changed = this.#saved.findIndex(
      (tensor, index) => tensor.storage.version !== this.#versions[index],
    );
    if (changed >= 0) {
      throw new GradientError(
        `backward: a tensor that '${this.name}' needs was changed in place (by an optimizer step, loadStateDict or ` +
          'batchNorm in training) after it was used; run forward again',
      );
    }
    const saved = [...this.#saved];
    const output = saved[this.#output];
    if (output && isRecording()) {
      saved[this.#output] = output.detach();
      saved[this.#output]!.attach(this.retain());
    }
    homes = wanted;
    try {
      return this.#rule(gradient, ...saved);
    } finally {
      homes = [];
    }
  }

  /** Frees the saved tensors: this node can give no gradients any more. */
  spend(): void {
    this.#spent = true;
    for (const tensor of this.#saved) tensor.dispose();
  }

  /** Frees all that this node holds. */
  close(): void {
    this.spend();
    for (const edge of this.edges) edge?.release();
  }
}

let nextId = 0;

const dying: Node[] = [];

/** Closes a node, and those that only it kept alive, one after the other: a long chain would overflow the stack. */
function bury(node: Node): void {
  dying.push(node);
  if (dying.length > 1) return;
  for (let i = 0; i < dying.length; i++) dying[i]!.close();
  dying.length = 0;
}

/**
 * Records that `output` came from `inputs`, unless no gradient can flow.
 *
 * @param saved tensors whose values the rule needs; it gets them after the gradient
 */
export function record(
  name: string,
  output: Tensor,
  inputs: readonly Tensor[],
  saved: readonly Tensor[],
  rule: Rule,
): Tensor {
  if (isRecording() && inputs.some((input) => input.requiresGrad)) {
    output.attach(new Node(name, inputs, saved, output, rule));
  }
  return output;
}
