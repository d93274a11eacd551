import type { LocalModel } from '../models.ts';
import { PageWorker } from '../pageWorker.ts';
import type { Answer, DeviceFacts } from '../worker/messages.ts';
import { milliseconds, type Prediction } from './prediction.ts';

type Classified = Extract<Answer, { kind: 'classified' }>;

interface Waiting {
  readonly resolve: (answer: Classified) => void;
  readonly reject: (error: Error) => void;
}

/** A model that runs in a worker of this page: on WebGPU where there is a GPU, otherwise in WebAssembly. */
export class LocalClassifier {
  readonly #model: LocalModel;
  readonly #worker = new PageWorker();
  readonly #waiting = new Map<number, Waiting>();
  #device: DeviceFacts | undefined;
  #failure: Error | undefined;
  #next = 0;

  constructor(model: LocalModel) {
    this.#model = model;
    this.#worker.listen(
      (answer) => this.#receive(answer),
      (error) => this.#fail(error),
    );
    this.#worker.send({
      kind: 'open',
      device: 'auto',
      model: model.model,
      data: model.data,
      weights: model.weights,
    });
  }

  /** @param pixels as the model takes them */
  async classify(pixels: Uint8Array): Promise<Prediction> {
    const { data, title } = this.#model;
    const id = this.#next++;
    const answer = await new Promise<Classified>((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#worker.send({ kind: 'classify', id, pixels });
    });
    const where = this.#device?.name === 'webgpu' ? 'WebGPU' : 'WebAssembly';
    return {
      probabilities: Object.fromEntries(data.classes.map((name, at) => [name, answer.probabilities[at]!])),
      origin: `${title}, in this browser (${where}), ${milliseconds(answer.milliseconds)}`,
      ...(answer.activations && { activations: answer.activations }),
    };
  }

  close(): void {
    this.#worker.end();
    this.#fail(new Error('Another model was chosen.'));
  }

  #receive(answer: Answer): void {
    if (answer.kind === 'device') this.#device = answer.device;
    else if (answer.kind === 'failed') this.#fail(new Error(answer.message));
    else if (answer.kind === 'classified') {
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
