import { platform } from '#platform';
import type { Wait } from '../../platform/platform.ts';
import { AdapterError } from '../errors.ts';

/** An opened WebGPU device, with its description for people and records. */
export interface OpenedDevice {
  device: GPUDevice;
  wait: Wait;
  description: string;
  info: Record<string, string | number | boolean>;
}

/** Limits that the kernels need. More is requested if the adapter offers it. */
const NEEDED = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
} as const;
const RAISED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxImmediateSize',
];
/** Features that kernels or the profiler use if the adapter has them. */
const USED = ['timestamp-query', 'shader-f16', 'subgroups'] as const;

/**
 * Finds an adapter and opens its device.
 *
 * @param filter part of the adapter's name, for example `llvmpipe` or `NVIDIA`
 * @throws AdapterError with what was tried and the remedy
 */
export async function openDevice(filter?: string): Promise<OpenedDevice> {
  const { gpu, adapter, wait, note } = await platform.openGpu(filter);
  checkLimits(adapter);
  const limits = adapter.limits as unknown as Record<string, number | undefined>;
  const features = USED.filter((feature) => adapter.features.has(feature));
  const device = await adapter
    .requestDevice({
      label: 'wgrad',
      requiredLimits: Object.fromEntries(
        RAISED.filter((key) => limits[key]).map((key) => [key, limits[key]]),
      ),
      requiredFeatures: features,
    })
    .catch((error: unknown) => {
      throw new AdapterError(
        `The adapter ${adapter.info.description} cannot open a device: ${String(error)}\n` +
          'Choose another adapter (adapter: NAME) or device: cpu.',
      );
    });
  keepAlive.set(device, gpu);
  const { vendor, architecture, device: name, description, isFallbackAdapter } = adapter.info;
  const label = description || name || `${vendor} ${architecture}`;
  return {
    device,
    wait,
    description: note ? `${label} (${note})` : label,
    info: {
      vendor,
      architecture,
      device: name,
      description,
      software:
        isFallbackAdapter || architecture === 'software' || /swiftshader|llvmpipe/i.test(`${name} ${label}`),
      maxBufferSize: device.limits.maxBufferSize,
      maxStorageBufferBindingSize: device.limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: device.limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: device.limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: device.limits.maxComputeInvocationsPerWorkgroup,
      maxImmediateSize: immediateLimit(device),
      subgroupMinSize: adapter.features.has('subgroups') ? (adapter.info.subgroupMinSize ?? 0) : 0,
      features: features.join(', '),
    },
  };
}

// Dawn's Node bindings crash if the GPU object is collected before the objects that it created.
const keepAlive = new WeakMap<GPUDevice, GPU>();

/** Bytes of immediates that the device offers; 0 if WebGPU has none yet (browsers). */
export function immediateLimit(device: GPUDevice): number {
  return (device.limits as { maxImmediateSize?: number }).maxImmediateSize ?? 0;
}

/** Throws AdapterError, naming the limits, if an adapter is too small for the kernels. */
export function checkLimits({ limits, info }: Pick<GPUAdapter, 'limits' | 'info'>): void {
  const short = Object.entries(NEEDED).filter(([key, least]) => limits[key as keyof typeof NEEDED] < least);
  if (short.length === 0) return;
  const list = short.map(([key, least]) => `${key} ≥ ${least}, got ${limits[key as keyof typeof NEEDED]}`);
  throw new AdapterError(
    `The adapter ${info.description} is too small for wgrad, which needs ${list.join('; ')}. ` +
      'Choose another adapter (adapter: NAME) or device: cpu.',
  );
}
