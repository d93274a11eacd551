/** The thread of `startEngineThread`: a device with its models. */
import '../../ops/methods.ts';
import { storedChoices } from '../../pipeline/diagnostics/tuning/stored.ts';
import { type DeviceName, open } from '../../tensor/device.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { answerCalls } from '../threads/answerCalls.ts';
import { giveWay } from '../threads/giveWay.ts';
import type { Classifier } from './classifier.ts';
import { DeviceEngine } from './deviceEngine.ts';

/** What an engine is opened with. */
export interface EngineSettings {
  readonly device: DeviceName;
  /** Part of the name of a WebGPU adapter. */
  readonly adapter: string | undefined;
  readonly batchSize: number;
}

let engine: DeviceEngine | undefined;
const models = new Map<number, Classifier>();
let next = 0;

const methods = {
  async open({ device, adapter, batchSize }: EngineSettings): Promise<{ device: string; fallback?: string }> {
    let fallback: string | undefined;
    const backend = await open(device, {
      tuning: storedChoices,
      ...(adapter !== undefined && { adapter }),
      onFallback: (reason) => (fallback = reason),
    });
    engine = new DeviceEngine(backend, batchSize);
    return { device: engine.device, ...(fallback !== undefined && { fallback }) };
  },

  async load(path: string): Promise<{ model: number; record: ModelRecord; fingerprint: string }> {
    const classifier = await engine!.load(path);
    const model = next++;
    models.set(model, classifier);
    return { model, record: classifier.record, fingerprint: classifier.fingerprint };
  },

  /** @param pixels of all images, one after the other */
  async predict(model: number, pixels: Float32Array, images: number): Promise<Float32Array[]> {
    const size = pixels.length / images;
    const batch = Array.from({ length: images }, (_, at) => pixels.subarray(at * size, (at + 1) * size));
    return models.get(model)!.predict(batch);
  },

  dispose(model: number): void {
    models.get(model)?.dispose();
    models.delete(model);
  },

  check: (): Promise<void> => engine!.check(),
};

export type EngineMethods = typeof methods;

giveWay();
answerCalls(methods, () => engine?.close());
