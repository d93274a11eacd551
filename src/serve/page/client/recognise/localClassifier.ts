import type { LocalModel } from '../models.ts';
import type { Answer, DeviceFacts, Request } from '../worker/messages.ts';
import { imageOf } from './picture.ts';
import { milliseconds, type Prediction } from './prediction.ts';

type Classified = Extract<Answer, { kind: 'classified' }>;

/** A model that runs in a worker of this page. */
export class LocalClassifier {
  readonly #model: LocalModel;
  readonly #worker = new Worker('/page/worker.js', { type: 'module' });
  readonly #waiting = new Map<
    number,
    { resolve: (answer: Classified) => void; reject: (error: Error) => void }
  >();
  #device: DeviceFacts | undefined;
  #next = 0;

  constructor(model: LocalModel) {
    this.#model = model;
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.#receive(data));
    this.#worker.addEventListener('error', ({ message }) => this.#fail(new Error(message)));
    this.#send({
      kind: 'open',
      device: 'auto',
      model: model.model,
      data: model.data,
      weights: model.weights,
    });
  }

  async classify(picture: Blob): Promise<Prediction> {
    const { data, title } = this.#model;
    const pixels = await imageOf(picture, data);
    const id = this.#next++;
    const answer = await new Promise<Classified>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'classify', id, pixels });
    });
    const where = this.#device?.name === 'webgpu' ? 'WebGPU' : 'WebAssembly';
    return {
      probabilities: Object.fromEntries(data.classes.map((name, at) => [name, answer.probabilities[at]!])),
      origin: `${title}, in this browser (${where}), ${milliseconds(answer.milliseconds)}`,
    };
  }

  close(): void {
    this.#worker.terminate();
    this.#fail(new Error('Another model was chosen.'));
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
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
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
