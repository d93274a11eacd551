import type { KernelName } from '../../../backend/backend.ts';
import { kernelSource } from '../../../platform/node/kernels.ts';
import { needsHalf, specialise } from '../../../backend/webgpu/pipelines.ts';
import { checkCodes, openProgram, type Program } from '../../../backend/webgpu/program.ts';
import { inspectKernel, readSignature } from './inspection.ts';
import { type KernelTarget, lackingFeatures } from './target.ts';
import { type KnobValues, launchedVariants } from './variants.ts';

/** Something that the compiler, or reading the file, had to say. */
export interface KernelMessage {
  severity: 'error' | 'warning' | 'info';
  /** `kernels/unary.wgsl:12:3`, as far as it is known. */
  place: string;
  text: string;
  /** The variants that it was said of; the first one stands for all. */
  variants: number;
  example: KnobValues;
}

export interface KernelCheck {
  kernel: string;
  /** Variants that the library launches on this device. */
  variants: number;
  /** Those that this device has compiled. */
  compiled: number;
  /** Why the device has not compiled them, where it was not asked to. */
  skipped?: string;
  messages: KernelMessage[];
}

/** Pipelines that are compiled at once: drivers take a thread for each. */
const AT_ONCE = 2;

/**
 * Compiles every variant of a kernel that the library launches, and collects what the compiler says. Without a device
 * the file is read all the same: its signature, and its codes against signatures.ts.
 *
 * What is wrong with the kernel becomes a message, never an exception.
 *
 * @param choose which of the variants to compile; all of them unless given
 */
export async function checkKernel(
  kernel: string,
  target: KernelTarget,
  source: string = kernelSource(kernel),
  choose: (variants: KnobValues[]) => KnobValues[] = (variants) => variants,
): Promise<KernelCheck> {
  const log = new MessageLog(kernel);
  const check: KernelCheck = { kernel, variants: 0, compiled: 0, messages: log.messages };
  const program = log.attempt({}, () => {
    const facts = inspectKernel(kernel, source);
    const signature = readSignature(kernel, source);
    checkCodes(kernel, signature);
    return { facts, signature };
  });
  if (!program) return check;
  const { facts, signature } = program;
  const compiled = launchedVariants(kernel, signature).filter((variant) => isCompiled(variant, target));
  const variants = choose(compiled);
  check.variants = variants.length;
  const immediates = signature.paramsSize <= target.immediateLimit;
  const texts = new Map<string, KnobValues[]>();
  for (const variant of variants) {
    log.attempt(variant, () => {
      const text = specialise({ name: kernel, source, signature, immediates }, variant);
      texts.set(text, [...(texts.get(text) ?? []), variant]);
    });
  }
  const lacking = lackingFeatures(facts, target.device);
  const { device } = target;
  if (!device) check.skipped = 'no device to compile for';
  else if (lacking.length > 0) check.skipped = `this device has no ${lacking.join(', ')}`;
  else {
    const layout = await openLayout(device, kernel, target.immediateLimit, log);
    for (const [text, sharing] of layout ? texts : []) {
      check.compiled += await compileText(device, layout!, text, sharing, log);
    }
  }
  return check;
}

/** Whether a device is asked to compile a variant: not if the variant needs a feature that the device does not have. */
function isCompiled(variant: KnobValues, { device }: KernelTarget): boolean {
  return !needsHalf(variant) || !device || device.features.has('shader-f16');
}

async function openLayout(
  device: GPUDevice,
  kernel: string,
  immediateLimit: number,
  log: MessageLog,
): Promise<Program | undefined> {
  device.pushErrorScope('validation');
  const program = log.attempt({}, () => openProgram(device, kernel as KernelName, immediateLimit));
  const error = await device.popErrorScope();
  if (error) log.add({ severity: 'error', text: error.message }, {});
  return error ? undefined : program;
}

/** Compiles one text with each of the overrides that share it; gives the number that compiled. */
async function compileText(
  device: GPUDevice,
  { layout, signature }: Program,
  code: string,
  sharing: readonly KnobValues[],
  log: MessageLog,
): Promise<number> {
  const [first] = sharing as [KnobValues, ...KnobValues[]];
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const refused = await device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  for (const { type, message, lineNum, linePos } of messages) {
    log.add({ severity: type, text: message, line: lineNum, column: linePos }, first, sharing.length);
  }
  if (refused ?? messages.some(({ type }) => type === 'error')) {
    if (refused && messages.length === 0) log.add({ severity: 'error', text: refused.message }, first);
    return 0;
  }
  let compiled = 0;
  const waiting = [...sharing];
  const work = async (): Promise<void> => {
    for (let variant = waiting.shift(); variant; variant = waiting.shift()) {
      const constants = Object.fromEntries(
        Object.entries(variant)
          .filter(([name]) => signature.overrides.has(name))
          .map(([name, value]) => [name, Number(value)]),
      );
      try {
        await device.createComputePipelineAsync({ layout, compute: { module, constants } });
        compiled++;
      } catch (error) {
        log.add({ severity: 'error', text: error instanceof Error ? error.message : String(error) }, variant);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return compiled;
}

/** Collects messages; what is said of many variants is kept once. */
class MessageLog {
  readonly messages: KernelMessage[] = [];
  readonly #kernel: string;

  constructor(kernel: string) {
    this.#kernel = kernel;
  }

  add(
    message: { severity: KernelMessage['severity']; text: string; line?: number; column?: number },
    variant: KnobValues,
    count = 1,
  ): void {
    // A pipeline's message holds the place in its text: `:12:3 error: …`.
    const [, line, column] = /(?:^|\s):(\d+):(\d+) (?:error|warning)/.exec(message.text) ?? [];
    const at = [message.line ?? (Number(line) || 0), message.column ?? (Number(column) || 0)];
    const place = [`kernels/${this.#kernel}.wgsl`, ...at.filter((each) => each > 0)].join(':');
    // Dawn adds which of its objects it was about.
    const text = message.text.replace(/\n - While [^]*$/, '').trim();
    const same = this.messages.find((each) => each.place === place && each.text === text);
    if (same) same.variants += count;
    else
      this.messages.push({
        severity: message.severity,
        place,
        text,
        variants: count,
        example: variant,
      });
  }

  /** Runs `body`; what it throws becomes a message. */
  attempt<T>(variant: KnobValues, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      this.add({ severity: 'error', text: error instanceof Error ? error.message : String(error) }, variant);
      return undefined;
    }
  }
}
