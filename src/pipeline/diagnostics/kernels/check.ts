import { checkCodes } from '../../../backend/webgpu/program.ts';
import { kernelSource } from '../../../platform/node/kernels.ts';
import { type ChooseVariants, compileVariants, type KernelCheck } from './compile.ts';
import { inspectKernel, readSignature } from './inspection.ts';
import { MessageLog } from './messages.ts';
import type { KernelTarget } from './target.ts';

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
  choose: ChooseVariants = (variants) => variants,
): Promise<KernelCheck> {
  const log = new MessageLog(kernel);
  const signature = log.attempt({}, () => {
    inspectKernel(kernel, source);
    const read = readSignature(kernel, source);
    checkCodes(kernel, read);
    return read;
  });
  if (!signature) return { kernel, variants: 0, compiled: 0, messages: log.messages };
  return compileVariants({ name: kernel, source, signature }, target, choose);
}
