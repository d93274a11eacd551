import { expect } from 'vitest';
import { type Backend, WgradError } from '../../src/index.ts';
import { DeviceEngine } from '../../src/serve/inference/deviceEngine.ts';
import { startEngineThread } from '../../src/serve/inference/startEngineThread.ts';
import { addModel, temporaryFolder, testImage } from './fixture.ts';

/** An engine in a thread gives the bits of one in this thread; its models and errors are its own; it ends when told to. */
export async function checkEngineThread(backend: Backend, device: 'cpu' | 'webgpu'): Promise<void> {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1, 'cnn');
  const path = `${root}/test/1`;
  const here = new DeviceEngine(backend, 4);
  const there = await startEngineThread({ device, adapter: undefined, batchSize: 4 });
  expect(there.device).toBe(here.device);
  const [expected, model] = [await here.load(path), await there.load(path)];
  expect(model.record).toEqual(expected.record);
  expect(model.fingerprint).toBe(expected.fingerprint);
  const images = [testImage(1), testImage(2).map((value) => value + 0.1), testImage(3)];
  expect(await model.predict(images)).toEqual(await expected.predict(images));
  await there.check();
  const other = await there.load(path);
  model.dispose();
  await expect(model.predict(images)).rejects.toThrow();
  expect(await other.predict(images)).toEqual(await expected.predict(images));
  await expect(there.load(`${root}/test/2`)).rejects.toThrow(WgradError);
  // What is under way when it ends has an outcome, too.
  const last = other.predict(images).catch((error: unknown) => error);
  await there.close();
  await last;
  await expect(other.predict(images)).rejects.toThrow('the thread was closed');
  expected.dispose();
}
