import type { KernelName } from '../../../backend/backend.ts';
import { needsHalf, specialise } from '../../../backend/webgpu/pipelines.ts';
import { openProgram, type Program } from '../../../backend/webgpu/program.ts';
import type { KernelSignature } from '../../../platform/kernels.ts';
import { enabledExtensions } from './extensions.ts';
import { type KernelMessage, MessageLog } from './messages.ts';
import { type KernelTarget, lackingFeatures } from './target.ts';
import { type KnobValues, launchedVariants } from './variants.ts';

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

/** Which of a kernel's variants to compile. */
export type ChooseVariants = (variants: KnobValues[]) => KnobValues[];

/** A kernel's text with what it declares. */
export interface KernelText {
  readonly name: string;
  readonly source: string;
  readonly signature: KernelSignature;
}

/** Pipelines that are compiled at once: drivers take a thread for each. */
const AT_ONCE = 2;

/**
 * Compiles the variants of a kernel that the library launches, and collects what the compiler says. It needs no files, so it runs
 * in every runtime.
 */
export async function compileVariants(
  { name: kernel, source, signature }: KernelText,
  target: KernelTarget,
  choose: ChooseVariants,
): Promise<KernelCheck> {
  const log = new MessageLog(kernel);
  const launched = launchedVariants(kernel, signature).filter((variant) => isCompiled(variant, target));
  const variants = choose(launched);
  const check: KernelCheck = { kernel, variants: variants.length, compiled: 0, messages: log.messages };
  const immediates = signature.paramsSize <= target.immediateLimit;
  const texts = new Map<string, KnobValues[]>();
  for (const variant of variants) {
    log.attempt(variant, () => {
      const text = specialise({ name: kernel, source, signature, immediates }, variant);
      texts.set(text, [...(texts.get(text) ?? []), variant]);
    });
  }
  const lacking = lackingFeatures({ features: enabledExtensions(source) }, target.device);
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
