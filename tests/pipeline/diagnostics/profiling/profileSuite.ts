import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, type TestContext, vi } from 'vitest';
import type { Backend } from '../../../../src/backend/backend.ts';
import { readJournal } from '../../../../src/pipeline/runs/journal/journal.ts';
import { type Profile, profileOf } from '../../../../src/pipeline/diagnostics/profiling/profile.ts';
import { reportProfile } from '../../../../src/pipeline/diagnostics/profiling/report.ts';
import {
  type ProfiledWindow,
  StepProfiler,
} from '../../../../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import type { Trace } from '../../../../src/pipeline/diagnostics/profiling/trace.ts';
import { Interruption } from '../../../../src/pipeline/training/errors.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { type Changes, trainSmall } from '../../training/trainingFixture.ts';
import { expectTrace } from './traceRules.ts';
import { profileRequests } from '../../../../src/diagnostics/profiling/profile.ts';

/** Steps in an epoch of the small training. */
const EPOCH = 16;

async function trainProfiled(device: Backend, changes: Changes): Promise<ProfiledWindow | undefined> {
  const profiler = new StepProfiler();
  await trainSmall({ device, folder: temporaryFolder(), changes, profiler });
  return profiler.result;
}

/** What `--profile` promises, on a device. */
export function profileSuite(open: (context: TestContext) => Promise<Backend>): void {
  it('leaves the bits of a training as they are, with replayed steps and with steps that are run', async (context) => {
    const device = await open(context);
    const outcome = async (capture: boolean, profiler?: StepProfiler): Promise<unknown> => {
      const folder = temporaryFolder();
      const changes = { epochs: 3, capture, dropout: 0.2, augmentation: { flip: 0.5, shift: 2, erase: 0.3 } };
      const { summary } = await trainSmall({ device, folder, changes, ...(profiler && { profiler }) });
      const records = readJournal(join(folder, 'latest', 'metrics.jsonl'));
      const losses = records.map(({ metrics: { loss, accuracy } }) => [loss, accuracy]);
      return { hash: summary.weightsSha256, losses };
    };
    for (const capture of [true, false]) {
      const profiler = new StepProfiler();
      expect(await outcome(capture, profiler)).toEqual(await outcome(capture));
      expect(profiler.result).toBeDefined();
    }
  });

  it('notes every launch from the first profiled step to the last, as the device counts them', async (context) => {
    const device = await open(context);
    const counted: number[] = [];
    const profile = device.profile.bind(device);
    const spy = vi.spyOn(device, 'profile').mockImplementation((clocks) => {
      counted.push(device.stats().dispatches);
      const profiling = profile(clocks);
      return {
        stop: () => {
          counted.push(device.stats().dispatches);
          return profiling.stop();
        },
      };
    });
    const window = (await trainProfiled(device, { epochs: 3 }))!;
    spy.mockRestore();
    const [before, after] = counted as [number, number];
    expect(window.device.launches).toHaveLength(after - before);
    const { kernels } = profileOf(window, device, undefined);
    expect(kernels.reduce((sum, { calls }) => sum + calls, 0)).toBe(after - before);
    const matmuls = kernels.filter(({ kernel }) => kernel.startsWith('matmul'));
    // Two layers forward, and the gradients of two weights and one input.
    expect(matmuls.reduce((sum, { calls }) => sum + calls, 0)).toBe(5 * window.steps.length);
    expect(matmuls.map(({ shape }) => shape)).toContain('32×16×784');
  });

  it('profiles the steps of one epoch after the first 20, and times those of the next for comparison', async (context) => {
    const device = await open(context);
    const { steps, after, milliseconds, device: profile } = (await trainProfiled(device, { epochs: 3 }))!;
    // The epoch's last has fewer images: it is run, not replayed, and a part of the window all the same.
    const numbers = Array.from({ length: 2 * EPOCH - 20 }, (_, index) => 21 + index);
    expect(steps.map(({ step }) => step)).toEqual(numbers);
    expect(after!.steps.map(({ step }) => step)).toEqual(
      Array.from({ length: EPOCH - 3 }, (_, index) => 2 * EPOCH + 4 + index),
    );
    const sum = profile.launches.reduce((so, launch) => so + launch.milliseconds!, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(milliseconds);
  });

  it('splits the window’s time without remainder', async (context) => {
    const device = await open(context);
    const { host, milliseconds } = profileOf((await trainProfiled(device, {}))!, device, undefined);
    const parts = Object.values(host) as number[];
    for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
    expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(milliseconds, 6);
    expect(host.kernels > 0).toBe(device.name === 'cpu');
  });

  it('writes what there is when a training is interrupted in the window', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const profiler = new StepProfiler();
    const controller = new AbortController();
    const onRecord = (step: number): void => {
      if (step === 26) controller.abort();
    };
    const run = trainSmall({ device, folder, profiler, signal: controller.signal, onRecord });
    await expect(run).rejects.toThrow(Interruption);
    const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    await reportProfile(profiler, device, folder);
    const text = printed.mock.calls.flat().join('\n');
    printed.mockRestore();
    expect(text).toContain('steps 21 to 26');
    expect(text).toContain(join(folder, 'trace.json'));
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['profile.json', 'trace.json']));
    const profile = JSON.parse(readFileSync(join(folder, 'profile.json'), 'utf8')) as Profile;
    expect(profile).toMatchObject({ firstStep: 21, lastStep: 26, steps: 6, unprofiled: null });
    const trace = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as Trace;
    const launches = profile.kernels.reduce((sum, { calls }) => sum + calls, 0);
    expect(expectTrace(trace).filter(({ cat }) => cat === 'kernel')).toHaveLength(launches);
  });

  it('says so when a training is too short', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const profiler = new StepProfiler();
    await trainSmall({ device, folder, profiler, changes: { epochs: 1 } });
    const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    await reportProfile(profiler, device, folder);
    expect(printed.mock.calls.flat().join('')).toMatch(/no step was profiled.* 20 steps.* took 16/);
    printed.mockRestore();
    expect(readdirSync(folder)).not.toContain('profile.json');
  });

  it('takes one profile at a time', async (context) => {
    const device = await open(context);
    const profiling = profileRequests(device);
    expect(() => profileRequests(device)).toThrow('already being profiled');
    expect((await profiling.stop()).launches).toEqual([]);
    await profileRequests(device).stop();
  });
}
