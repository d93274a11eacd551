import { isFloating } from '../backend/dtypes.ts';
import { refuseInCapture } from '../backend/recorder.ts';
import { isnan, any } from '../ops/logic.ts';
import { FUNCTION, signature } from '../tensor/arguments.ts';
import { GradientError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { scope, unscoped } from '../tensor/scope.ts';
import { refusePromise } from '../tensor/synchronous.ts';
import { inspecting, type Node } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

const takes = signature('detectAnomaly', { body: FUNCTION });

/** A gradient, and whether it has NaN. */
interface Seen {
  readonly operation: Node;
  readonly input: number;
  readonly gradient: string;
  readonly flag: Tensor;
}

/**
 * Runs `body`, forward and backward, and looks for NaN in every gradient that an operation computes. The error names the
 * operation of the first one, and where it was called.
 *
 * It is for debugging: every gradient is tested on the device, and captured steps run as usual. All tests are read at the
 * end, so `body` runs to its end also after a NaN.
 *
 * Source: PyTorch's torch.autograd.detect_anomaly.
 *
 * @param body a synchronous function
 * @returns what `body` returns
 * @throws GradientError for a gradient with NaN; its `cause` is an error made where the operation was called
 * @example
 * const loss = await autograd.detectAnomaly(() => train(images, labels));
 */
export async function detectAnomaly<T>(body: () => T): Promise<T> {
  takes(arguments);
  refuseInCapture('detectAnomaly()', 'Call the captured step inside of it.');
  const calls = new WeakMap<Node, Error>();
  const seen: Seen[] = [];
  const inspector = {
    made: (node: Node) => void calls.set(node, callOf(node)),
    computed: (node: Node, input: number, gradient: Tensor) => {
      if (!isFloating(gradient.dtype)) return;
      const flag = unscoped(() => noGrad(() => scope(() => any(isnan(gradient)))));
      seen.push({ operation: node, input, gradient: describe(gradient), flag });
    },
  };
  try {
    const result = inspecting(inspector, body);
    refusePromise('detectAnomaly', result);
    const flags = await Promise.all(seen.map(({ flag }) => flag.item()));
    const first = seen[flags.findIndex((flag) => flag !== 0)];
    if (first) throw anomaly(first, calls.get(first.operation));
    return result;
  } finally {
    for (const { flag } of seen) flag.dispose();
  }
}

function anomaly({ operation, input, gradient }: Seen, call: Error | undefined): GradientError {
  const place = call
    ? `It was called here:\n${linesOf(call).join('\n')}`
    : 'It was called before detectAnomaly; run forward inside of it to see where.';
  return new GradientError(
    `detectAnomaly: '${operation.name}' computes NaN for the gradient of its input ${input}, ${gradient}. ${place}`,
    { cause: call },
  );
}

/** An error whose stack ends where an operation was called. */
function callOf({ name }: Node): Error {
  // Engines other than V8 have no limit.
  const limits = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = limits;
  if (stackTraceLimit !== undefined) limits.stackTraceLimit = 50;
  const error = new Error(`'${name}' was called here`);
  if (stackTraceLimit !== undefined) limits.stackTraceLimit = stackTraceLimit;
  return error;
}

const ROOMS = ['tensor', 'ops', 'nn', 'autograd', 'optim', 'backend'];

/** The calls of an error's stack outside of the library; all of them if there is no other. The first is that of `callOf`. */
function linesOf({ stack = '' }: Error): string[] {
  const lines = stack.split('\n').filter((line) => /:\d/.test(line));
  const [, file = ''] = /([^\s(@]+):\d+:\d+\)?$/.exec(lines[0] ?? '') ?? [];
  const root = file.replace(/autograd\/[^/]*$/, '');
  // The library is one file, or several in folders.
  const ours = root === file ? [`${file}:`] : ROOMS.map((room) => `${root}${room}/`);
  const theirs = lines.filter((line) => !ours.some((place) => line.includes(place)));
  return theirs.length > 0 ? theirs : lines;
}
