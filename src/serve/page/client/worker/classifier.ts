import type { Backend } from '../../../../backend/backend.ts';
import { loadSafetensors } from '../../../../formats/safetensors/index.ts';
import { buildModel } from '../../../../pipeline/models/buildModel.ts';
import { scope } from '../../../../tensor/scope.ts';
import { BatchedModel } from '../../../inference/batchedModel.ts';
import type { StoredModel } from './messages.ts';

/** A model that classifies one image at a time. */
export class Classifier {
  readonly #model: BatchedModel;

  private constructor(model: BatchedModel) {
    this.#model = model;
  }

  /** Loads a model onto the default device and runs it once, which compiles its kernels. */
  static async open(device: Backend, { model, data, weights }: StoredModel): Promise<Classifier> {
    const network = buildModel(model, data);
    const isWeight = (name: string): boolean => !name.startsWith('optimizer.');
    scope(() => void network.loadStateDict(loadSafetensors(weights, { device, only: isWeight }).tensors));
    network.eval();
    const batched = new BatchedModel(device, network, data, 1);
    await batched.warmUp();
    return new Classifier(batched);
  }

  async classify(pixels: Uint8Array): Promise<{ probabilities: Float32Array; milliseconds: number }> {
    const start = performance.now();
    const [probabilities] = await this.#model.predict([pixels]);
    return { probabilities: probabilities!, milliseconds: performance.now() - start };
  }
}
