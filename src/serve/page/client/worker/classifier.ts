import type { Backend } from '../../../../backend/backend.ts';
import { loadSafetensors } from '../../../../formats/safetensors/index.ts';
import { type Module, ReLU, Sequential } from '../../../../nn/index.ts';
import type { DataDescription } from '../../../../pipeline/data/description.ts';
import { buildModel } from '../../../../pipeline/models/buildModel.ts';
import { tensor } from '../../../../tensor/create.ts';
import { noGrad } from '../../../../tensor/gradientMode.ts';
import { scope } from '../../../../tensor/scope.ts';
import { BatchedModel } from '../../../inference/batchedModel.ts';
import { normalise } from '../../../inference/normalise.ts';
import type { Classified, Filters, StoredModel } from './messages.ts';

/** Pictures of activations that are shown. */
const MOST_PICTURES = 32;

/** A model that classifies one image at a time. */
export class Classifier {
  readonly #model: BatchedModel;
  readonly #beginning: Sequential | undefined;
  readonly #device: Backend;
  readonly #data: DataDescription;

  private constructor(
    model: BatchedModel,
    beginning: Sequential | undefined,
    device: Backend,
    data: DataDescription,
  ) {
    this.#model = model;
    this.#beginning = beginning;
    this.#device = device;
    this.#data = data;
  }

  /** Loads a model onto the default device and runs it once, which compiles its kernels. */
  static async open(device: Backend, { model, data, weights }: StoredModel): Promise<Classifier> {
    const network = buildModel(model, data);
    const isWeight = (name: string): boolean => !name.startsWith('optimizer.');
    scope(() => void network.loadStateDict(loadSafetensors(weights, { device, only: isWeight }).tensors));
    network.eval();
    const batched = new BatchedModel(device, network, data, 1);
    await batched.warmUp();
    return new Classifier(batched, beginningOf(network), device, data);
  }

  async classify(pixels: Uint8Array): Promise<Classified> {
    const start = performance.now();
    const [probabilities] = await this.#model.predict([pixels]);
    const milliseconds = performance.now() - start;
    const answer = { probabilities: probabilities!, milliseconds };
    return this.#beginning
      ? { ...answer, activations: await this.#activations(this.#beginning, pixels) }
      : answer;
  }

  /** What the first layer answers: a picture for each filter, or all units of a dense layer in one picture. */
  async #activations(beginning: Sequential, pixels: Uint8Array): Promise<Filters> {
    const { height, width } = this.#data;
    const input = new Float32Array(height * width);
    normalise(pixels, this.#data, input, 0);
    const output = scope(() =>
      noGrad(() => beginning.forward(tensor(input, { shape: [1, 1, height, width], device: this.#device }))),
    );
    const values = (await output.data()) as Float32Array;
    const { shape } = output;
    output.dispose();
    if (shape.length === 2) {
      const columns = Math.ceil(Math.sqrt(shape[1]!));
      return { values, count: 1, height: Math.ceil(shape[1]! / columns), width: columns };
    }
    const [, channels, rows, columns] = shape as [number, number, number, number];
    return { values, count: Math.min(channels, MOST_PICTURES), height: rows, width: columns };
  }
}

/** The network up to its first ReLU, where it is a sequence of layers. */
function beginningOf(network: Module): Sequential | undefined {
  if (!(network instanceof Sequential)) return undefined;
  const { layers } = network;
  const first = layers.findIndex((layer) => layer instanceof ReLU);
  if (first === -1) return undefined;
  const beginning = new Sequential(...layers.slice(0, first + 1));
  beginning.eval();
  return beginning;
}
