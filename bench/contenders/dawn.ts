import { create, globals } from 'webgpu';
import type { LaunchCounts } from './contender.ts';

/** What a library that expects a browser finds, and what was seen of its use. */
export interface BrowserGpu {
  readonly adapter: string;
  counts(): LaunchCounts;
  /** @throws Error with what Dawn complained about since the last call */
  check(): void;
}

/**
 * Gives Node the globals of a browser with WebGPU, which is the same Dawn that wgrad runs on, and counts what is launched
 * through them: dispatches and submits of all devices.
 */
export async function browserGpu(): Promise<BrowserGpu> {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  setNavigator({ gpu });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('there is no WebGPU adapter');
  let dispatches = 0;
  let submits = 0;
  let complaint: string | undefined;
  wrap(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => {
    dispatches++;
  });
  wrap(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', () => {
    dispatches++;
  });
  wrap(GPUQueue.prototype, 'submit', () => {
    submits++;
  });
  wrap(GPUAdapter.prototype, 'requestDevice', (device) => {
    void (device as Promise<GPUDevice>).then((opened) =>
      opened.addEventListener('uncapturederror', ({ error }) => (complaint ??= error.message)),
    );
  });
  return {
    adapter: adapter.info.description || adapter.info.device,
    counts: () => ({ dispatches, submits }),
    check: () => {
      const message = complaint;
      complaint = undefined;
      if (message !== undefined) throw new Error(`WebGPU: ${message.split('\n')[0]}`);
    },
  };
}

/** Node 20 has no navigator, and later ones one without WebGPU. */
export function setNavigator(extra: { gpu?: GPU; hardwareConcurrency?: number }): void {
  const navigator = { userAgent: 'Node.js', hardwareConcurrency: 1, ...extra };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

/** Has `seen` look at what a method returns. */
function wrap<Name extends string>(
  prototype: Record<Name, unknown> | object,
  name: Name,
  seen: (result: unknown) => void,
): void {
  const methods = prototype as Record<Name, (...args: unknown[]) => unknown>;
  const method = methods[name];
  methods[name] = function (this: unknown, ...args) {
    const result = method.apply(this, args);
    seen(result);
    return result;
  };
}
