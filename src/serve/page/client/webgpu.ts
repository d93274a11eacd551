let asked: Promise<string | undefined> | undefined;

/** What to do where WebGPU is missing; undefined where the browser has it. */
export function webGpuProblem(): Promise<string | undefined> {
  return (asked ??= ask());
}

async function ask(): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: GPU };
  // A browser may reject, too, as after crashes of its GPU process.
  if (await gpu?.requestAdapter().catch(() => null)) return undefined;
  const reason = !isSecureContext
    ? 'Browsers offer WebGPU only over HTTPS or on localhost. Open the page at one of these.'
    : gpu
      ? 'This browser has WebGPU, but finds no usable GPU. Update the graphics driver, and look at chrome://gpu.'
      : 'This browser has no WebGPU. Chrome, Edge, Firefox and Safari have it in their present versions.';
  return `${reason} Until then, networks run on the CPU, in WebAssembly.`;
}

/**
 * Says in a hint what the devices are here, and disables the choices that need WebGPU where it is missing.
 *
 * @param other takes the place of a choice that is disabled
 */
export async function explainWebGpu(
  hint: HTMLElement,
  choices: readonly HTMLInputElement[],
  other: HTMLInputElement,
): Promise<void> {
  const problem = await webGpuProblem();
  hint.textContent = problem ?? 'This browser has WebGPU. The CPU backend runs in WebAssembly.';
  if (problem === undefined) return;
  if (choices.some(({ checked }) => checked)) {
    other.checked = true;
    other.dispatchEvent(new Event('input', { bubbles: true }));
  }
  for (const choice of choices) choice.disabled = true;
}
