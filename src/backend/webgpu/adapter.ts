import { AdapterError } from '../errors.ts';
import { openGpu } from './gpu.ts';

/** An opened WebGPU device, and what people and run records want to know of it. */
export interface OpenedDevice {
  device: GPUDevice;
  description: string;
  info: Record<string, string | number | boolean>;
}

/** Limits that the kernels need, beyond which more is asked for where the adapter has it. */
const NEEDED = { maxStorageBuffersPerShaderStage: 6, maxComputeInvocationsPerWorkgroup: 256 } as const;
const RAISED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxImmediateSize',
];

/**
 * Finds an adapter and opens its device.
 *
 * @param filter part of the adapter's name, e.g. `llvmpipe` or `NVIDIA`
 * @throws AdapterError with what was tried and what mends it
 */
export async function openDevice(filter?: string): Promise<OpenedDevice> {
  const { gpu, note } = await openGpu(filter);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new AdapterError(NO_ADAPTER);
  checkLimits(adapter);
  const limits = adapter.limits as unknown as Record<string, number | undefined>;
  const device = await adapter.requestDevice({
    label: 'wgrad',
    requiredLimits: Object.fromEntries(RAISED.filter((key) => limits[key]).map((key) => [key, limits[key]])),
    requiredFeatures: (['timestamp-query', 'shader-f16', 'subgroups'] as const).filter((feature) =>
      adapter.features.has(feature),
    ),
  });
  keepAlive.set(device, gpu);
  const { vendor, architecture, device: name, description, isFallbackAdapter } = adapter.info;
  const label = description || name || `${vendor} ${architecture}`;
  return {
    device,
    description: note ? `${label} (${note})` : label,
    info: {
      vendor,
      architecture,
      device: name,
      description,
      software:
        isFallbackAdapter || architecture === 'software' || /swiftshader|llvmpipe/i.test(`${name} ${label}`),
      maxStorageBufferBindingSize: device.limits.maxStorageBufferBindingSize,
      maxImmediateSize: immediateLimit(device),
      subgroupMinSize: adapter.features.has('subgroups') ? (adapter.info.subgroupMinSize ?? 0) : 0,
    },
  };
}

// Dawn's Node bindings crash when the GPU object is collected before what was made from it.
const keepAlive = new WeakMap<GPUDevice, GPU>();

/** Bytes of immediates that the device offers; 0 where WebGPU has none yet (browsers). */
export function immediateLimit(device: GPUDevice): number {
  return (device.limits as { maxImmediateSize?: number }).maxImmediateSize ?? 0;
}

function checkLimits(adapter: GPUAdapter): void {
  const short = Object.entries(NEEDED).filter(
    ([key, least]) => adapter.limits[key as keyof typeof NEEDED] < least,
  );
  if (short.length === 0) return;
  const list = short.map(
    ([key, least]) => `${key} ≥ ${least}, got ${adapter.limits[key as keyof typeof NEEDED]}`,
  );
  throw new AdapterError(
    `The adapter ${adapter.info.description} is too small for wgrad: it takes ${list.join('; ')}. ` +
      'Choose another adapter (adapter: NAME) or device: cpu.',
  );
}

/** What to do on a machine without an adapter; also printed when `auto` falls back to the CPU. */
export const NO_ADAPTER = `No WebGPU adapter was found. Three causes are common:
  no driver        install one: on Debian or Ubuntu run  bash scripts/install-software-driver.sh  (software, no GPU
                   needed), or your GPU's Vulkan driver (mesa-vulkan-drivers, or NVIDIA's)
  an old driver    Dawn refuses Mesa before 23; the same script brings a newer one to Debian 12
  a hidden driver  VK_DRIVER_FILES points the Vulkan loader to a driver's .json file
\`npx tsx src/doctor.ts\` says what this machine has. device: cpu works everywhere.`;
