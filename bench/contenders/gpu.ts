import type { LaunchCounts } from './contender.ts';

/** What a library finds as `navigator.gpu`, and what was seen of its use. */
export interface CountedGpu {
  readonly adapter: string;
  counts(): LaunchCounts;
  /** @throws Error with what WebGPU complained about since the last call */
  check(): void;
}

/** Counts what is launched through the globals of WebGPU: dispatches and submits of all devices. */
export async function countGpu(gpu: GPU): Promise<CountedGpu> {
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
  const { vendor, architecture, device, description } = adapter.info;
  return {
    adapter: description || device || `${vendor} ${architecture}`,
    counts: () => ({ dispatches, submits }),
    check: () => {
      const message = complaint;
      complaint = undefined;
      if (message !== undefined) throw new Error(`WebGPU: ${message.split('\n')[0]}`);
    },
  };
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
