import type { Backend, KernelChoices } from '../backend/backend.ts';
import {
  FUNCTION,
  isPlainObject,
  type Kind,
  type Maybe,
  type Rest,
  signature,
  takesNothing,
} from './arguments.ts';
import { BOOLEAN, DEVICE, nullable, oneOf, STRING } from './kinds.ts';
import { AdapterError, WgradError } from '../backend/errors.ts';
import { HostValue } from '../backend/recorder.ts';

/**
 * `webgpu`, `cpu`, or `auto`: WebGPU if there is a GPU, otherwise the CPU. `auto` skips software adapters (llvmpipe,
 * SwiftShader), because they run on the CPU and are slower than the CPU backend: on two cores `configs/mlp.yaml` trains
 * 64,700 samples/s on the CPU backend and 25,000 on llvmpipe.
 */
export type DeviceName = 'webgpu' | 'cpu' | 'auto';

export function isDeviceName(name: string): name is DeviceName {
  return name === 'webgpu' || name === 'cpu' || name === 'auto';
}

/** Options of `init` and `open`. */
export interface InitOptions {
  /** Part of the adapter's name, for example `llvmpipe` or `NVIDIA`. */
  adapter?: string;
  /** Called with the reason and the remedy when `auto` chooses the CPU. */
  onFallback?: (reason: string) => void;
  /** On the CPU: runs plain functions with float64 sums for every dtype. All kernels are checked against them. */
  reference?: boolean;
  /**
   * On WebGPU: the choices of kernels and tiles, for example another device's `tuning.choices`, or a function that
   * returns them for an adapter's `info`. Built-in rules choose the rest.
   */
  tuning?: KernelChoices | ((info: Backend['info']) => KernelChoices | Promise<KernelChoices>);
}

const NAME = oneOf('webgpu', 'cpu', 'auto');
const OPTIONS: { readonly [Name in keyof InitOptions]-?: Kind } = {
  adapter: STRING,
  onFallback: FUNCTION,
  reference: BOOLEAN,
  tuning: {
    takes: 'choices of kernels, or a function that returns them',
    fits: (value) => typeof value === 'function' || isPlainObject(value),
  },
};
const initArguments = signature<InitOptions & { name?: DeviceName }>(
  'init',
  {},
  { name: NAME, ...OPTIONS },
  1,
);
const openArguments = signature<InitOptions>('open', { name: NAME }, OPTIONS, 0);
const defaultArguments = signature('setDefaultDevice', { device: nullable(DEVICE) });

const chosen = new HostValue<Backend | undefined>(undefined);

/**
 * Opens a device and makes it the default for new tensors.
 *
 * @param name `webgpu`, `cpu` or `auto`
 * @throws AdapterError if `webgpu` is requested and no adapter can be used; the message names the remedy
 * @example
 * const device = await init('auto');
 * console.log(device.name, device.description);
 */
export async function init(
  ...rest: [name?: Maybe<DeviceName>, options?: Maybe<InitOptions>] | [options: InitOptions]
): Promise<Backend> {
  const { name = 'auto', ...options } = initArguments(rest);
  const device = await opened(name, options);
  setDefaultDevice(device);
  return device;
}

/**
 * Opens a device without making it the default.
 *
 * @example
 * const cpu = await open('cpu');
 * const x = tensor([1, 2, 3], { device: cpu });
 */
export async function open(name: DeviceName, ...rest: Rest<InitOptions>): Promise<Backend> {
  return opened(name, openArguments([name, ...rest]));
}

async function opened(name: DeviceName, options: InitOptions): Promise<Backend> {
  switch (name) {
    case 'cpu': {
      const { openCpu } = await import('../backend/cpu/cpu.ts');
      return openCpu({ reference: options.reference ?? false });
    }
    case 'webgpu': {
      const { openWebGpu } = await import('../backend/webgpu/webgpu.ts');
      return openWebGpu(options);
    }
    case 'auto':
      return openBest(options);
  }
}

async function openBest(options: InitOptions): Promise<Backend> {
  try {
    const device = await opened('webgpu', options);
    // A named adapter is used even if it is a software driver.
    if (device.info.software !== true || options.adapter !== undefined) return device;
    device.destroy();
    options.onFallback?.(
      `The only WebGPU adapter is a software driver (${device.description}), which is slower than the CPU backend; ` +
        'device webgpu takes it all the same.',
    );
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    options.onFallback?.(error.message);
  }
  return opened('cpu', options);
}

/** The device of tensors that are created without a `device` option: the one that `init` opened last. */
export function defaultDevice(): Backend {
  takesNothing('defaultDevice', arguments);
  const device = chosen.get();
  if (device) return device;
  throw new WgradError("No device is open: await init('webgpu' | 'cpu' | 'auto') before making tensors.");
}

/** Makes an open device the default for tensors that are created without a `device` option. null: there is no default. */
export function setDefaultDevice(device: Backend | null | undefined): void {
  defaultArguments([device ?? null, ...Array.from<unknown>(arguments).slice(1)]);
  chosen.set(device ?? undefined);
}
