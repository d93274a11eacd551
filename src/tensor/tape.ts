import { activeRecorder } from '../backend/recorder.ts';
import { GradientError } from './errors.ts';
import { isGradEnabled } from './gradientMode.ts';
import type { Part } from './parts.ts';
import type { Source, Tensor } from './tensor.ts';

/**
 * The gradients of an operation's inputs, in order. Each is computed only when its function is called; undefined for an
 * input without gradient. A rule that is not recorded may return a part.
 */
export type Gradients = readonly ((() => Tensor | Part) | undefined)[];

/**
 * The preallocated destinations of the gradients of an operation's inputs, contiguous: parts of an optimizer's flat
 * buffer. Undefined for an input without one, or if other gradients are added to its gradient.
 */
export type Homes = readonly (Tensor | undefined)[];

/**
 * Computes the gradients of an operation's inputs from the gradient of its output, in differentiable operations. A rule
 * that can write a gradient to its home, and then returns that tensor, takes the homes first: this saves a copy.
 */
export type Rule =
  | ((gradient: Tensor, ...saved: Tensor[]) => Gradients)
  | { readonly into: (homes: Homes, gradient: Tensor, ...saved: Tensor[]) => Gradients };

/** A recorded operation. It lives as long as its output or a later operation needs it. */
export class Node implements Source {
  /** Grows with time, so an operation's inputs have lower numbers. */
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
    // The node must not hold the history of its own output, or it would keep itself alive.
    this.#saved = saved.map((tensor) => tensor.alias(tensor !== output));
    this.#versions = saved.map((tensor) => tensor.storage.version);
    this.#output = saved.indexOf(output);
    this.#rule = rule;
    activeRecorder()?.adopts(this);
    inspector?.made(this);
  }

  /** Whether backward has used its saved tensors and freed them. */
  get spent(): boolean {
    return this.#spent;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) bury(this);
  }

  /** @param homeOf the home of the gradient of an edge, if it has one */
  gradients(gradient: Tensor, homeOf: (edge: Source | undefined) => Tensor | undefined): Gradients {
    const recorder = activeRecorder();
    if (recorder?.meets(this)) recorder.guard(() => !this.#spent && this.#changed() < 0);
    if (this.#spent) {
      throw new GradientError(
        `backward: the graph was freed by an earlier backward at '${this.name}'; pass { retainGraph: true } to it`,
      );
    }
    if (this.#changed() >= 0) {
      throw new GradientError(
        `backward: a tensor that '${this.name}' needs was changed in place (by an optimizer step, loadStateDict or ` +
          'batchNorm in training) after it was used; run forward again',
      );
    }
    const saved = [...this.#saved];
    const output = saved[this.#output];
    if (output && isGradEnabled()) {
      saved[this.#output] = output.detach();
      saved[this.#output]!.attach(this.retain());
    }
    const rule = this.#rule;
    if (typeof rule === 'function') return rule(gradient, ...saved);
    // A kernel cannot read and write one buffer.
    const isFree = (home: Tensor): boolean =>
      [gradient, ...saved].every(({ storage }) => storage.buffer !== home.storage.buffer);
    const homes = this.edges.map((edge) => {
      const home = homeOf(edge);
      return home && isFree(home) ? home : undefined;
    });
    return rule.into(homes, gradient, ...saved);
  }

  /** The first saved tensor that was changed in place after it was used, or -1. */
  #changed(): number {
    return this.#saved.findIndex((tensor, index) => tensor.storage.version !== this.#versions[index]);
  }

  /** Frees the saved tensors. After that the node cannot compute gradients. */
  spend(): void {
    this.#spent = true;
    for (const tensor of this.#saved) tensor.dispose();
  }

  /** Frees everything that this node holds. */
  close(): void {
    this.spend();
    for (const edge of this.edges) edge?.release();
  }
}

/**
 * The history of a result of a captured step. A replay makes no graph, so backward cannot pass it. It says so, instead of
 * leaving out the gradients of the step's parameters.
 */
export class Severed implements Source {
  retain(): this {
    return this;
  }

  release(): void {
    // It holds nothing.
  }
}

/** Cuts `tensor` off from the graph of `original`. Where backward has used that graph, nothing is left of it. */
export function sever(tensor: Tensor, original: Tensor): void {
  const { source } = original;
  if (source instanceof Node) tensor.attach(source.spent ? undefined : new Severed());
  else if (source instanceof Severed) tensor.attach(new Severed());
}

/** Who sees each recorded operation, and each gradient that one computes: see `detectAnomaly`. */
export interface Inspector {
  made(node: Node): void;
  computed(node: Node, input: number, gradient: Tensor): void;
}

let inspector: Inspector | undefined;

/** The inspector of `inspecting`, if any. */
export function activeInspector(): Inspector | undefined {
  return inspector;
}

/** Runs `body` with an inspector. */
export function inspecting<T>(next: Inspector, body: () => T): T {
  const outer = inspector;
  inspector = next;
  try {
    return body();
  } finally {
    inspector = outer;
  }
}

let nextId = 0;

const dying: Node[] = [];

/**
 * Closes a node, and then the nodes that only it kept alive, in a loop: recursion would overflow the stack on a long
 * chain.
 */
function bury(node: Node): void {
  dying.push(node);
  if (dying.length > 1) return;
  for (let i = 0; i < dying.length; i++) dying[i]!.close();
  dying.length = 0;
}

/** An operation as a listener sees it, also where no gradient flows. */
export interface Operation {
  readonly name: string;
  readonly output: Tensor;
  readonly inputs: readonly Tensor[];
  /** What else the result depends on: strides, an axis, a small number, tensors without gradient by name. */
  readonly facts: unknown;
}

let listener: ((operation: Operation) => void) | undefined;

/** Calls `listen` with each operation that `body` computes, in order. Who listens outside hears it, too. */
export function listening<T>(listen: (operation: Operation) => void, body: () => T): T {
  const outer = listener;
  listener = (operation) => {
    outer?.(operation);
    listen(operation);
  };
  try {
    return body();
  } finally {
    listener = outer;
  }
}

/** Whether someone listens. */
export function isListening(): boolean {
  return listener !== undefined;
}

/** Reports an operation that has no gradient. */
export function withoutGradient(
  name: string,
  output: Tensor,
  inputs: readonly Tensor[],
  facts?: unknown,
): Tensor {
  listener?.({ name, output, inputs, facts });
  return output;
}

/** Whether an operation of x is recorded, for a gradient or for a listener. */
export function isRecorded(x: Tensor): boolean {
  return listener !== undefined || (isGradEnabled() && x.requiresGrad);
}

/**
 * Records that `output` was computed from `inputs`, if a gradient can flow.
 *
 * @param saved tensors whose values the rule needs; the rule receives them after the gradient
 * @param facts see `Operation`
 */
export function withGradient(
  name: string,
  output: Tensor,
  inputs: readonly Tensor[],
  saved: readonly Tensor[],
  rule: Rule,
  facts?: unknown,
): Tensor {
  listener?.({ name, output, inputs, facts });
  if (isGradEnabled() && inputs.some((input) => input.requiresGrad)) {
    output.attach(new Node(name, inputs, saved, output, rule));
  }
  return output;
}
