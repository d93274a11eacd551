import type { Backend } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';
import { outsideCapture } from '../backend/recorder.ts';
import { checkDevice } from './checks.ts';
import { kindOf, type Maybe, signature } from './arguments.ts';
import { full, tensor } from './create.ts';
import { copyInto, copyOf } from './dense.ts';
import { DeviceError, GradientError, ShapeError } from './errors.ts';
import { withGradEnabled } from './gradientMode.ts';
import { gradientHooks } from './gradientHooks.ts';
import { BOOLEAN, either, listOf, MAYBE_TENSOR, TENSOR, TENSORS } from './kinds.ts';
import { joinParts, Part } from './parts.ts';
import { scope, unscoped } from './scope.ts';
import { sameShape, stridesOf } from './shape.ts';
import { activeInspector, Node, Severed } from './tape.ts';
import { describe, type GradientHook, Leaf, type Source, Tensor } from './tensor.ts';

/** Options of `backward`. */
export interface BackwardOptions {
  /** Records the backward pass itself, so that gradients can be differentiated again. */
  createGraph?: boolean;
  /** Keeps the saved tensors, so that backward can run again. Defaults to `createGraph`. */
  retainGraph?: boolean;
}

/** Options of `grad`. */
export interface GradOptions extends BackwardOptions {
  /** d loss / d output for every output. Default: 1 for outputs with one element. */
  gradOutputs?: readonly (Tensor | null | undefined)[];
  /** Returns null for an input that no output depends on, instead of an error. */
  allowUnused?: boolean | null | undefined;
}

/** The optional arguments of `backward`: in this order, or the last of them by name. */
export type BackwardArguments =
  | [gradient?: Maybe<Tensor>, options?: Maybe<BackwardOptions>]
  | [options: BackwardOptions & { gradient?: Maybe<Tensor> }]
  | [gradient: Maybe<Tensor>, retainGraph: Maybe<boolean>, createGraph?: Maybe<boolean>];

/** The optional arguments of `grad`: in this order, or the last of them by name. */
export type GradArguments<Unused extends boolean | null | undefined> =
  | [options?: Maybe<GradOptions & { allowUnused?: Unused }>]
  | [
      gradOutputs: Maybe<readonly (Tensor | null | undefined)[]>,
      retainGraph?: Maybe<boolean>,
      createGraph?: Maybe<boolean>,
      options?: Maybe<{ allowUnused?: Unused }>,
    ];

const backwardArguments = signature<BackwardOptions & { gradient?: Tensor }>(
  'backward',
  { root: TENSOR },
  { gradient: TENSOR, retainGraph: BOOLEAN, createGraph: BOOLEAN },
);
const gradArguments = signature<GradOptions>(
  'grad',
  { outputs: either(TENSOR, TENSORS), inputs: TENSORS },
  {
    gradOutputs: listOf(MAYBE_TENSOR),
    retainGraph: BOOLEAN,
    createGraph: BOOLEAN,
    allowUnused: BOOLEAN,
  },
  3,
);

/**
 * Computes d root / d leaf for every leaf that `root` depends on, and adds it to the leaf's `grad`.
 *
 * @param rest the gradient d loss / d root, of root's shape, which is optional if root has one element; then retainGraph
 *   and createGraph, in order or by name
 * Warns once of a parameter that no module has listed, if an optimizer has others of this loss: it may be one in a
 * #private field, which the optimizer misses.
 *
 * @throws GradientError if root needs no gradient, or if an earlier backward freed its graph
 * @throws ShapeError if `gradient` is missing or has another shape or dtype
 * @example
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * x.square().sum().backward();
 * await x.grad!.data(); // 2, 4, 6
 */
export function backward(root: Tensor, ...rest: BackwardArguments): void {
  const { gradient, ...options } = backwardArguments([root, ...rest]);
  const { createGraph = false } = options;
  const unlisted: Leaf[] = [];
  const optimized: Leaf[] = [];
  scope(() =>
    propagate(
      [root],
      [gradient || createGraph ? ownSeed(root, gradient, createGraph) : one(root)],
      undefined,
      options,
      (source, value) => {
        if (!(source instanceof Leaf) || source.frozen) return;
        if (source.home) optimized.push(source);
        else if (source.unlisted) unlisted.push(source);
        accumulate(source, value, createGraph);
      },
    ),
  );
  if (optimized.length > 0 && unlisted.length > 0) warnMissed(unlisted);
}

/** Each parameter is named once. */
function warnMissed(missed: readonly Leaf[]): void {
  const names = missed.map((leaf) => describe(leaf.grad!));
  for (const leaf of missed) leaf.unlisted = false;
  console.warn(
    `backward: ${names.join(', ')} of a module gets a gradient, but no module has listed it, and the optimizer of other ` +
      'parameters of this loss does not have it. To train it, keep it in a public field of its module, not in a #private ' +
      'one, or give it to an optimizer. Otherwise freeze it: requiresGrad = false.',
  );
}

/**
 * Computes d outputs / d inputs and returns it, without changing any `grad`: one gradient for each input.
 *
 * @throws GradientError if an input needs no gradient, or if no output depends on it (unless `allowUnused`)
 * @example
 * const y = x.pow(3).sum();
 * const [first] = grad(y, [x], { createGraph: true });   // 3 x²
 * const [second] = grad(first.sum(), [x]);               // 6 x
 */
export function grad<Inputs extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly [...Inputs],
  ...rest: GradArguments<false | null | undefined>
): { -readonly [Index in keyof Inputs]: Tensor };
/** With `allowUnused`: null for an input that no output depends on. */
export function grad<Inputs extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly [...Inputs],
  ...rest: GradArguments<boolean | null | undefined>
): { -readonly [Index in keyof Inputs]: Tensor | null };
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  ...rest: GradArguments<boolean | null | undefined>
): (Tensor | null)[] {
  const options = gradArguments([outputs, inputs, ...rest]);
  const roots = outputs instanceof Tensor ? [outputs] : outputs;
  const without = inputs.find((input) => !input.source);
  if (without) {
    throw new GradientError(`grad: takes inputs that require gradients, got ${describe(without)} without`);
  }
  const found = new Map<Source, Tensor>();
  const targets = new Set(inputs.map((input) => input.source!));
  return scope(() => {
    const seeds = roots.map((root, index) => seed('grad', root, options.gradOutputs?.[index] ?? undefined));
    propagate(roots, seeds, targets, options, (source, value) => found.set(source, value.handle()));
    return inputs.map((input, index) => {
      const value = found.get(input.source!);
      if (value) return value.handle();
      if (options.allowUnused) return null;
      throw new GradientError(
        `grad: no output depends on input ${index}; pass { allowUnused: true } to get null for it`,
      );
    });
  });
}

const onesOf = new WeakMap<Backend, Map<DType, Tensor>>();

/** The seed of a root with one element. It is put on the device once, so a step needs no launch for it. */
function one(root: Tensor): Tensor {
  const { device, dtype, shape } = root;
  if (!root.source || root.numel() !== 1) return seed('backward', root, undefined);
  const known = onesOf.get(device) ?? new Map<DType, Tensor>();
  onesOf.set(device, known);
  let value = known.get(dtype);
  if (!value) {
    value = outsideCapture(() => unscoped(() => tensor(1, { dtype, device })));
    known.set(dtype, value);
  }
  return value.withLayout({ shape, strides: stridesOf(shape), offset: 0 });
}

/** A seed in memory that accumulation does not change: a gradient handed in may be the gradient of a leaf. */
function ownSeed(root: Tensor, given: Tensor | undefined, createGraph: boolean): Tensor {
  const gradient = seed('backward', root, given);
  const { storage } = gradient;
  const alone = createGraph || (!storage.shared && storage.length === storage.buffer.length);
  return alone ? gradient : copyOf(gradient);
}

function seed(operation: string, root: Tensor, gradient: Tensor | undefined): Tensor {
  if (!root.source) {
    throw new GradientError(
      `${operation}: ${describe(root)} needs no gradient: it depends on no tensor with requiresGrad`,
    );
  }
  if (!gradient && root.numel() === 1) return full(root.shape, 1, { dtype: root.dtype, device: root.device });
  if (!gradient || !sameShape(gradient.shape, root.shape) || gradient.dtype !== root.dtype) {
    throw new ShapeError(operation, 'the gradient has another shape or dtype', {
      takes: `a gradient like the output, ${describe(root)}${gradient ? '' : ' (optional only for one element)'}`,
      got: gradient ? describe(gradient) : 'none',
    });
  }
  checkDevice(operation, root, gradient);
  return gradient;
}

/**
 * The gradients of a root at sources, by backward through the operations after them alone.
 *
 * @param createGraph whether they are recorded
 */
export function gradientsAt(
  root: Tensor,
  gradient: Tensor,
  sources: ReadonlySet<Source>,
  createGraph: boolean,
): ReadonlyMap<Source, Tensor> {
  const found = new Map<Source, Tensor>();
  propagate(
    [root],
    [gradient],
    sources,
    { createGraph },
    (source, value) => found.set(source, value.handle()),
    true,
  );
  return found;
}

/** What a source has received: the sum of whole gradients, and parts. */
interface Pending {
  sum?: Tensor;
  readonly parts: Part[];
}

/**
 * Visits the graph from its end, newest operation first, in the caller's scope.
 *
 * @param targets the sources whose gradients are wanted; undefined for all leaves
 * @param deposit receives each wanted gradient when it is complete
 * @param ends whether the targets are the ends of the graph: what is before them is not visited, and their hooks not called
 */
function propagate(
  roots: readonly Tensor[],
  seeds: readonly Tensor[],
  targets: ReadonlySet<Source> | undefined,
  { createGraph = false, retainGraph = createGraph }: BackwardOptions,
  deposit: (source: Source, gradient: Tensor) => void,
  ends: boolean = false,
): void {
  const isEnd = (source: Source): boolean => ends && targets!.has(source);
  const nodes = reachableNodes(roots, targets, isEnd);
  const useful = usefulSources(nodes, targets);
  const homeOf = createGraph || targets ? () => undefined : findHomes(nodes);
  const pending = new Map<Source, Pending>();
  // Backward frees intermediate gradients as it proceeds, unless it records a graph.
  const free = (value: Tensor): void => {
    if (!createGraph) value.dispose();
  };
  const receive = (source: Source, gradient: Tensor | Part): void => {
    const before = pending.get(source);
    if (!before)
      pending.set(source, gradient instanceof Part ? { parts: [gradient] } : { sum: gradient, parts: [] });
    else if (gradient instanceof Part) before.parts.push(gradient);
    else before.sum = before.sum ? added(before.sum, gradient) : gradient;
  };
  const added = (before: Tensor, gradient: Tensor): Tensor => {
    const sum = before.add(gradient);
    [before, gradient].forEach(free);
    return sum;
  };
  const whole = ({ sum, parts }: Pending): Tensor => {
    if (parts.length === 0) return sum!;
    const joined = joinParts(parts);
    for (const { values } of parts) free(values);
    return sum ? added(sum, joined) : joined;
  };

  const walk = (): void => {
    roots.forEach((root, index) =>
      receive(root.source!, createGraph ? seeds[index]! : seeds[index]!.detach()),
    );
    for (const node of nodes.reverse()) {
      const received = pending.get(node);
      if (!received) continue;
      pending.delete(node);
      const gradient = isEnd(node) ? whole(received) : hookedGradient(node, whole(received));
      if (targets?.has(node)) deposit(node, gradient);
      if (isEnd(node) || !node.edges.some((edge) => edge && useful.has(edge))) continue;
      const rules = node.gradients(gradient, homeOf);
      node.edges.forEach((edge, index) => {
        const rule = rules[index];
        if (!edge || !rule || !useful.has(edge)) return;
        const value = createGraph ? rule() : scope(rule);
        activeInspector()?.computed(node, index, value instanceof Part ? value.values : value);
        receive(edge, value === gradient ? gradient.handle() : value);
      });
      free(gradient);
      if (!retainGraph) node.spend();
    }
    for (const [source, received] of pending) {
      const gradient = isEnd(source) ? whole(received) : hookedGradient(source, whole(received));
      deposit(source, gradient);
      free(gradient);
    }
  };
  withGradEnabled(createGraph, walk);
}

/** The gradient of a source after its hooks. */
function hookedGradient(source: Source, gradient: Tensor): Tensor {
  let current = gradient;
  for (const hook of gradientHooks(source) ?? []) {
    // A hook may keep what it is given, beyond the scope of backward.
    const replaced: unknown = (hook as GradientHook)(unscoped(() => current.handle()));
    if (replaced === undefined || replaced === null) continue;
    const isTensor = replaced instanceof Tensor;
    if (!isTensor || !sameShape(replaced.shape, current.shape) || replaced.dtype !== current.dtype) {
      throw new ShapeError('registerHook', 'the hook returned another shape or dtype', {
        takes: `a gradient like that given, ${describe(current)}`,
        got: isTensor ? describe(replaced) : kindOf(replaced),
      });
    }
    current = replaced.handle();
  }
  return current;
}

/** The preallocated destinations of leaf gradients, for leaves that receive one contribution only. */
function findHomes(nodes: readonly Node[]): (edge: Source | undefined) => Tensor | undefined {
  const once = new Set<Source>();
  const again = new Set<Source>();
  for (const edge of nodes.flatMap((node) => node.edges)) {
    if (edge instanceof Leaf) (once.has(edge) ? again : once).add(edge);
  }
  return (edge) => (edge instanceof Leaf && !again.has(edge) && !edge.grad ? edge.home?.vacate() : undefined);
}

/** All operations that the roots depend on, oldest first. */
function reachableNodes(
  roots: readonly Tensor[],
  targets: ReadonlySet<Source> | undefined,
  isEnd: (source: Source) => boolean,
): Node[] {
  const seen = new Set<Source>();
  const waiting = roots.map((root) => root.source);
  while (waiting.length > 0) {
    const source = waiting.pop();
    if (!source || seen.has(source)) continue;
    seen.add(source);
    if (source instanceof Node && !isEnd(source)) waiting.push(...source.edges);
    if (source instanceof Severed && !targets?.has(source)) {
      throw new GradientError(
        'backward: a tensor is the result of a captured step, and gradients cannot flow into a replay. Call backward ' +
          'inside the step; or return result.detach(), or use noGrad, where no gradient is wanted',
      );
    }
  }
  return [...seen].filter((source) => source instanceof Node).sort((left, right) => left.id - right.id);
}

/** The sources from which a target can be reached. All sources if all leaves are targets. */
function usefulSources(
  nodes: readonly Node[],
  targets: ReadonlySet<Source> | undefined,
): { has(source: Source): boolean } {
  if (!targets) return { has: () => true };
  const useful = new Set<Source>(targets);
  for (const node of nodes) if (node.edges.some((edge) => edge && useful.has(edge))) useful.add(node);
  return useful;
}

/** Adds a gradient to a leaf's gradient: in place, unless the sum itself must be differentiable. */
function accumulate(leaf: Leaf, gradient: Tensor, createGraph: boolean): void {
  if (gradient.device !== leaf.device) {
    throw new DeviceError('backward', 'a leaf has moved to another device since forward', {
      takes: `gradients on ${leaf.device.name}; run forward again after to(device)`,
      got: `${describe(gradient)} on the device of forward`,
    });
  }
  const { grad: before, home } = leaf;
  // Later gradients are added in place, so a leaf shares the memory of its gradient with nothing but handles on it.
  const own = gradient.isContiguous() && !gradient.storage.shared;
  if (createGraph || before?.isContiguous() === false) {
    leaf.grad = unscoped(() => before?.add(gradient) ?? (own ? gradient.alias(true) : gradient.clone()));
    before?.dispose();
  } else if (before) {
    // The gradient handed in may be a leaf's own, or lie beside it.
    const apart = gradient.storage.buffer !== before.storage.buffer;
    const dense = apart ? gradient.contiguous() : copyOf(gradient);
    leaf.changed();
    before.device.run(
      'accumulate',
      { x: dense.storage.buffer, out: before.storage.buffer },
      { size: before.numel(), xOffset: dense.offset, outOffset: before.offset },
    );
  } else if (home) {
    if (!home.isWritten(gradient)) copyInto(gradient, home.vacate());
    leaf.grad = home.take();
  } else {
    leaf.grad = unscoped(() => (own ? gradient.alias(false) : copyOf(gradient)));
  }
}
