import { AdapterError } from '../../../backend/errors.ts';
import { GUARANTEED_LIMITS, type KernelFacts, type KernelLimits } from './inspection.ts';
import { immediateLimit, openDevice } from '../../../backend/webgpu/adapter.ts';

/** What kernels are looked at for: a device, or where there is none what WebGPU guarantees. */
export interface KernelTarget {
  /** For people: the adapter, or why there is none. */
  description: string;
  limits: KernelLimits;
  /** Bytes of parameters that travel as immediates; 0 without a device. */
  immediateLimit: number;
  device?: GPUDevice;
}

/** The device that is there; without one, a target with the limits that all devices have. */
export async function openTarget(adapter?: string): Promise<KernelTarget> {
  try {
    const { device, description } = await openDevice(adapter);
    const limits = Object.fromEntries(
      Object.keys(GUARANTEED_LIMITS).map((name) => [name, device.limits[name as keyof KernelLimits]]),
    ) as unknown as KernelLimits;
    return { description, limits, immediateLimit: immediateLimit(device), device };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { description: error.message, limits: GUARANTEED_LIMITS, immediateLimit: 0 };
  }
}

/** WGSL extensions that a kernel enables and the device lacks; none are lacking where there is no device to ask. */
export function lackingFeatures({ features }: KernelFacts, { device }: KernelTarget): string[] {
  // WGSL's f16 is WebGPU's shader-f16; the others have one name.
  return features.filter((feature) =>
    device ? !device.features.has(feature === 'f16' ? 'shader-f16' : (feature as GPUFeatureName)) : false,
  );
}
