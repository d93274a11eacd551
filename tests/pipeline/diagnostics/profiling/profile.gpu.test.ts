import { describe, expect, it } from 'vitest';
import { peaksOf } from '../../../../src/pipeline/diagnostics/profiling/peaks.ts';
import { profileOf } from '../../../../src/pipeline/diagnostics/profiling/profile.ts';
import { StepProfiler } from '../../../../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import { webgpuOrSkip } from '../../../adapter.ts';
import { openOwn } from '../../../backend/webgpu/devices.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { trainSmall } from '../../training/trainingFixture.ts';
import { profileSuite } from './profileSuite.ts';
import { profileRequests } from '../../../../src/diagnostics/profiling/profile.ts';

describe('profiling on WebGPU', () => {
  profileSuite(webgpuOrSkip);

  it('places launches within the window, in order, on the host’s clock', async (context) => {
    const device = await webgpuOrSkip(context);
    const profiler = new StepProfiler();
    await trainSmall({ device, folder: temporaryFolder(), profiler });
    const { start, milliseconds, device: profile } = profiler.result!;
    const { launches, clockError } = profile;
    expect(launches[0]!.start).toBeGreaterThanOrEqual(start - clockError);
    expect(launches.at(-1)!.start! + launches.at(-1)!.milliseconds!).toBeLessThanOrEqual(
      start + milliseconds + clockError,
    );
    launches.slice(1).forEach((launch, index) => {
      expect(launch.start).toBeGreaterThanOrEqual(launches[index]!.start!);
    });
  });

  it('counts launches, and says why it has no times, without timestamps', async (context) => {
    const { backend } = await openOwn(context, { timestamps: false });
    const profiler = new StepProfiler();
    await trainSmall({ device: backend, folder: temporaryFolder(), profiler });
    const profile = profileOf(profiler.result!, backend, await peaksOf(backend));
    expect(profile.method).toContain('timestamp-query');
    expect(profile.peaks).toBeNull();
    expect(profile.kernels.length).toBeGreaterThan(5);
    for (const { milliseconds, calls } of profile.kernels) {
      expect(milliseconds).toBeNull();
      expect(calls).toBeGreaterThan(0);
    }
    expect(profile.host.encode).toBeGreaterThan(0);
  });

  it('makes passes of their own for launches only while it profiles', async (context) => {
    const { backend, device } = await openOwn(context);
    const out = backend.allocate('float32', 4);
    let passes = 0;
    const create = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (...args) => {
      const encoder = create(...args);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (descriptor) => {
        passes++;
        return begin(descriptor);
      };
      return encoder;
    };
    const fill = (): void => backend.run('fill', { out }, { size: 4, value: 1 }, { Element: 'f32' });
    const passesOf = async (profiled: boolean): Promise<number> => {
      const profiling = profiled ? profileRequests(backend) : undefined;
      passes = 0;
      for (let call = 0; call < 100; call++) fill();
      backend.flush();
      const counted = passes;
      await profiling?.stop();
      return counted;
    };
    expect(await passesOf(false)).toBe(2);
    expect(await passesOf(true)).toBe(100);
    expect(await passesOf(false)).toBe(2);
  });

  it('times more launches than one buffer of times holds', async (context) => {
    const { backend } = await openOwn(context);
    const out = backend.allocate('float32', 4);
    const profiling = profileRequests(backend);
    for (let call = 0; call < 5000; call++) {
      backend.run('fill', { out }, { size: 4, value: 1 }, { Element: 'f32' });
      if (call % 7 === 0) backend.flush();
    }
    const { launches } = await profiling.stop();
    expect(launches).toHaveLength(5000);
    for (const { milliseconds, start } of launches) {
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      expect(start).toBeGreaterThan(0);
    }
  });

  it('measures what the adapter can do at most', { timeout: 60_000 }, async (context) => {
    const { backend } = await openOwn(context);
    const { flops, bandwidths, launch } = (await peaksOf(backend))!;
    for (const figure of [flops, launch, ...bandwidths.map(({ bytesPerSecond }) => bytesPerSecond)]) {
      expect(figure).toBeGreaterThan(0);
      expect(figure).toBeLessThan(Infinity);
    }
    expect(launch).toBeLessThan(1);
  });
});
