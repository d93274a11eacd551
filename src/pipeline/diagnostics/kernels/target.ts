import { AdapterError } from '../../../backend/errors.ts';
import { immediateLimit, openDevice } from '../../../backend/webgpu/adapter.ts';
import type { KernelFacts } from './inspection.ts';

/** What every WebGPU device has: https://www.w3.org/TR/webgpu/#limits */
const GUARANTEED_LIMITS = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
};

/** The device that kernels are examined for; without a device, what WebGPU guarantees. */
export interface KernelTarget {
  /** For people: the adapter, or why there is none. */
  description: string;
  limits: typeof GUARANTEED_LIMITS;
  /** Bytes of parameters that travel as immediates; 0 without a device. */
  immediateLimit: number;
  device?: GPUDevice;
}

/** The device of this machine; without one, a target with the limits that all devices have. */
export async function openTarget(adapter?: string): Promise<KernelTarget> {
  try {
    const { device, description } = await openDevice(adapter);
    const limits = Object.fromEntries(
      Object.keys(GUARANTEED_LIMITS).map((name) => [
        name,
        device.limits[name as keyof KernelTarget['limits']],
      ]),
    ) as KernelTarget['limits'];
    return { description, limits, immediateLimit: immediateLimit(device), device };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { description: error.message, limits: GUARANTEED_LIMITS, immediateLimit: 0 };
  }
}

/**
 * What keeps a kernel from a device, as its declarations alone show. Workgroups that are too large for the device are
 * reported by the driver, when it compiles them.
 */
export function problemsOn({ device, limits }: KernelTarget, facts: KernelFacts): string[] {
  const { maxStorageBuffersPerShaderStage: most } = limits;
  const { length } = facts.buffers;
  const lacking = lackingFeatures(facts, device).map((feature) => `the device has no ${feature}`);
  if (length <= most) return lacking;
  return [`${length} storage buffers, and maxStorageBuffersPerShaderStage is ${most}`, ...lacking];
}

/** WGSL extensions that a kernel enables and the device does not have; none without a device to ask. */
export function lackingFeatures(
  { features }: Pick<KernelFacts, 'features'>,
  device: GPUDevice | undefined,
): string[] {
  // WGSL's f16 is WebGPU's shader-f16; the others have one name.
  return features.filter((feature) =>
    device ? !device.features.has(feature === 'f16' ? 'shader-f16' : (feature as GPUFeatureName)) : false,
  );
}
