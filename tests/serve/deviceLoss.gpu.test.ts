import { setTimeout as wait } from 'node:timers/promises';
import { expect, test, type TestContext } from 'vitest';
import { openDevice } from '../../src/backend/webgpu/adapter.ts';
import { WebGpuBackend } from '../../src/backend/webgpu/webgpu.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { postJson, type RunningService, startService, testImage } from './fixture.ts';

const IMAGES = 8;
const LOSSES = 3;

/** A service on WebGPU, whose devices can be reached: the newest is the last. */
async function startOnOwnDevices(
  context: Pick<TestContext, 'skip'>,
  pollInterval: number,
): Promise<RunningService & { devices: GPUDevice[] }> {
  await webgpuOrSkip(context);
  const devices: GPUDevice[] = [];
  const openOwn = async (): Promise<WebGpuBackend> => {
    const opened = await openDevice();
    devices.push(opened.device);
    return new WebGpuBackend(opened);
  };
  return { ...(await startService({}, { pollInterval, openDevice: openOwn })), devices };
}

test('a GPU device that goes while requests are in flight: the right answer or 503, and then a new device', async (context) => {
  // The nearest thing to a driver's reset that can be had is a device destroyed behind its backend's back.
  const { url, devices } = await startOnOwnDevices(context, 0);
  const ask = (image: number): ReturnType<typeof postJson> =>
    postJson(`${url}/predict`, { pixels: testImage(image) });
  const readiness = async (): Promise<number> => (await fetch(`${url}/health/ready`)).status;

  const expected: unknown[] = [];
  for (let image = 0; image < IMAGES; image++) expected.push((await ask(image)).body);
  expect(new Set(expected.map((body) => JSON.stringify(body))).size).toBe(IMAGES);

  for (let loss = 1; loss <= LOSSES; loss++) {
    let refused = 0;
    let answered = 0;
    let lost = false;
    // Clients that ask all the time, before the loss, during it, and until the service has recovered.
    const clients = Array.from({ length: IMAGES }, async (_, image) => {
      for (let recovered = false; !recovered;) {
        const { status, headers, body } = await ask(image);
        if (status === 200) {
          expect(body).toEqual(expected[image]);
          answered++;
        } else {
          expect(status).toBe(503);
          expect(headers.get('retry-after')).toBe('1');
          refused++;
          await wait(20);
        }
        recovered = lost && status === 200 && devices.length === loss + 1;
      }
    });
    await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(2 * IMAGES);
    devices.at(-1)!.destroy();
    lost = true;
    await Promise.all(clients);
    expect(refused).toBeGreaterThan(0);
    expect(await readiness()).toBe(200);
  }
  expect(devices).toHaveLength(LOSSES + 1);
});

test('a GPU device that goes while nobody asks is noticed and replaced', async (context) => {
  const { url, host, devices } = await startOnOwnDevices(context, 50);
  const before = await postJson(`${url}/predict`, { pixels: testImage(0) });
  devices[0]!.destroy();
  await expect.poll(() => devices.length, { timeout: 20_000 }).toBe(2);
  await expect.poll(() => host.unreadyReason, { timeout: 20_000 }).toBeUndefined();
  const after = await postJson(`${url}/predict`, { pixels: testImage(0) });
  expect({ status: after.status, body: after.body }).toEqual({ status: 200, body: before.body });
});
