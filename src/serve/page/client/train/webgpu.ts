import { byId } from '../elements.ts';

/** Says what the devices are here, and what to do where WebGPU is missing. */
export async function explainWebGpu(): Promise<void> {
  const text = byId('webgpu', HTMLElement);
  const { gpu } = navigator as { gpu?: GPU };
  if (gpu && (await gpu.requestAdapter())) {
    text.textContent = 'This browser has WebGPU. The CPU backend runs in WebAssembly.';
    return;
  }
  const radio = document.querySelector<HTMLInputElement>('input[name="device"][value="webgpu"]')!;
  radio.disabled = true;
  const reason = !isSecureContext
    ? 'Browsers offer WebGPU only over HTTPS or on localhost. Open the page at one of these.'
    : gpu
      ? 'This browser has WebGPU, but finds no usable GPU. Update the graphics driver, and look at chrome://gpu.'
      : 'This browser has no WebGPU. Chrome, Edge, Firefox and Safari have it in their present versions.';
  text.textContent = `${reason} Until then, networks run on the CPU, in WebAssembly.`;
}
