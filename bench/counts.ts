import type { Backend, DeviceStats } from '../src/backend/backend.ts';
import { openWebGpu } from '../src/backend/webgpu/webgpu.ts';
import { setDefaultDevice } from '../src/index.ts';
import { prepareJob } from './contenders/wgrad.ts';
import type { AdapterCounts, StepCounts } from './countsBaseline.ts';
import type { Network } from './networks.ts';
import { training } from './workloads.ts';

const STEPS = 12;

/** What a step does in steady state; all of these are to stay or fall. */
const PER_STEP = [
  'dispatches',
  'submits',
  'bytesUploaded',
  'bytesRead',
  'buffersCreated',
  'bindGroupsCreated',
  'pipelinesCreated',
] as const;

/** Figures of the MLP's and the CNN's captured training step on the present adapter: the same on every run. */
export async function countSteps(): Promise<{ adapter: string; counts: AdapterCounts }> {
  const counts: Record<string, StepCounts> = {};
  let adapter = '';
  for (const network of ['mlp', 'cnn'] as const) {
    // A device of its own, so that nothing of the other network is counted.
    const device = await openWebGpu();
    adapter = adapterKey(device);
    counts[network] = await countStep(network, device);
    device.destroy();
  }
  return { adapter, counts };
}

async function countStep(network: Network, device: Backend): Promise<StepCounts> {
  setDefaultDevice(device);
  const job = prepareJob(training(network), device);
  const during = async (calls: number): Promise<DeviceStats> => {
    const before = device.stats();
    await job.run(calls);
    return difference(device.stats(), before);
  };
  // The first two make and record; then one step and the reading of its loss are taken off a series.
  await job.run(3);
  const [one, series] = [await during(1), await during(1 + STEPS)];
  const steady = difference(series, one);
  const end = device.stats();
  return {
    step: Object.fromEntries(PER_STEP.map((key) => [key, steady[key] / STEPS])),
    total: {
      buffersAlive: end.buffersAlive,
      bytesAlive: end.bytesAlive,
      bytesPooled: end.bytesPooled,
      buffersCreated: end.buffersCreated,
      bindGroupsCreated: end.bindGroupsCreated,
      pipelinesCreated: end.pipelinesCreated,
    },
  };
}

function difference(after: DeviceStats, before: DeviceStats): DeviceStats {
  const keys = Object.keys(after) as (keyof DeviceStats)[];
  return Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as DeviceStats;
}

/** Adapters for which launches are chosen alike: the figures of one are no measure for another. */
function adapterKey({ info }: Backend): string {
  // Browsers give neither device nor description.
  const { architecture, device, description } = info;
  const software = /llvmpipe|swiftshader/i
    .exec(`${device} ${description} ${architecture}`)?.[0]
    .toLowerCase();
  const name = software ?? [info.vendor, info.architecture].filter(Boolean).join(' ');
  return `${name}, subgroups from ${info.subgroupMinSize}`;
}
