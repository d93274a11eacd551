import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../contenders/list.ts';
import { ContenderError, type Worker } from '../protocol.ts';
import { type Summary, summarise } from '../statistics.ts';
import type { NetworkWorkload } from '../workloads.ts';

/** How long a fresh process takes until the first result is known, such as the loss of a training step, and what memory it takes. */
export interface FirstStep {
  readonly contender: string;
  readonly workload: string;
  /** `cold`: the driver's cache of compiled shaders is empty. */
  readonly cache: 'warm' | 'cold';
  /** Milliseconds from the start of the process: node or python, imports, device, compilation. */
  readonly milliseconds?: Summary;
  /** The most memory that the process has had after some more calls. */
  readonly peakBytes?: number;
  readonly failure?: string;
}

/** Starts a contender with additions to its environment. */
type StartWorker = (environment: Readonly<Record<string, string>>) => Worker;

const LIMIT_SECONDS = 60;
const MORE = { training: 20, evaluation: 2 };

/**
 * Starts processes and times their first results. Drivers keep compiled shaders in a folder that is given to them here, and
 * emptied for a cold start. A single start shows the memory alone, so it is warm.
 */
export async function measureFirstStep(
  workload: NetworkWorkload,
  starts: number,
  entry: Entry,
  startWorker: StartWorker,
): Promise<FirstStep[]> {
  const caches: FirstStep['cache'][] = entry.webgpu && starts > 1 ? ['cold', 'warm'] : ['warm'];
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-bench-'));
  const results: FirstStep[] = [];
  try {
    for (const cache of caches) {
      const common = { contender: entry.name, workload: workload.name, cache };
      try {
        const times: number[] = [];
        let peakBytes = 0;
        // A first start that fills the cache, and the files that the system keeps in memory.
        if (cache === 'warm') await start(workload, folder, startWorker);
        for (let round = 0; round < starts; round++) {
          if (cache === 'cold') await rm(folder, { recursive: true, force: true });
          const { milliseconds, peak } = await start(workload, folder, startWorker);
          times.push(milliseconds);
          peakBytes = Math.max(peakBytes, peak);
        }
        results.push({ ...common, milliseconds: summarise(times), peakBytes });
      } catch (error) {
        if (!(error instanceof ContenderError)) throw error;
        results.push({ ...common, failure: error.message });
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

async function start(
  workload: NetworkWorkload,
  folder: string,
  startWorker: StartWorker,
): Promise<{ milliseconds: number; peak: number }> {
  const began = performance.now();
  const worker = startWorker({
    XDG_CACHE_HOME: folder,
    MESA_SHADER_CACHE_DIR: folder,
    __GL_SHADER_DISK_CACHE_PATH: folder,
  });
  try {
    await worker.ask({ action: 'open' }, LIMIT_SECONDS);
    await worker.ask({ action: 'prepare', workload, steps: 1, milliseconds: 0 }, LIMIT_SECONDS);
    const milliseconds = performance.now() - began;
    await worker.ask({ action: 'run', calls: MORE[workload.kind] }, LIMIT_SECONDS);
    const { peakBytes } = await worker.ask({ action: 'memory' }, LIMIT_SECONDS);
    return { milliseconds, peak: peakBytes };
  } finally {
    await worker.stop();
  }
}
