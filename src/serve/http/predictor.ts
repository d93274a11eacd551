import type { FastifyReply } from 'fastify';
import type { PictureThreads } from '../images/pictureThreads.ts';
import type { Pixels } from '../inference/engine.ts';
import type { Answer, ModelHost } from '../inference/host.ts';
import type { ServiceOptions } from '../options.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import type { Metrics } from './metrics.ts';

/** An answer and its most probable class. */
export interface LabelledAnswer extends Answer {
  readonly label: number;
}

/** Connects the routes to the model: limits, deadlines and metrics. */
export class Predictor {
  readonly host: ModelHost;
  readonly options: ServiceOptions;
  readonly #metrics: Metrics;
  readonly #pictures: PictureThreads;

  constructor(host: ModelHost, options: ServiceOptions, metrics: Metrics, pictures: PictureThreads) {
    this.host = host;
    this.options = options;
    this.#metrics = metrics;
    this.#pictures = pictures;
  }

  /** Decodes and prepares a picture for the model. @throws PictureError; UnavailableError if too many wait */
  async decode(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#pictures.decode(bytes, this.#model.input, signal);
  }

  /**
   * Answers the images of a request.
   *
   * @throws RequestError: 400 for images of another size, 413 for too many images, 504 after the deadline;
   *   UnavailableError
   */
  async predict(images: readonly Pixels[], signal: AbortSignal): Promise<LabelledAnswer[]> {
    this.requireCount(images.length);
    signal.throwIfAborted();
    const { height, width } = this.#model.input;
    const wrong = images.find(({ length }) => length !== height * width);
    if (wrong) {
      const takes = `takes images of ${height} × ${width} pixels, ${height * width} numbers each`;
      throw new RequestError(400, `${takes}; got ${wrong.length} of them`);
    }
    const answers = await orAborted(() => this.host.predict(images, signal), signal);
    const labels = answers.map(({ probabilities }) => argmax(probabilities));
    this.#metrics.observeAnswers(images, answers, labels);
    return answers.map((answer, index) => ({ ...answer, label: labels[index]! }));
  }

  get #model(): ModelRecord {
    const { model, unreadyReason = 'no model is ready' } = this.host;
    if (!model) throw new UnavailableError(unreadyReason);
    return model;
  }

  /** @throws RequestError (413) if a request contains too many images */
  requireCount(count: number): void {
    const { imageLimit } = this.options;
    if (count > imageLimit) {
      throw new RequestError(413, `takes at most ${imageLimit} images per request, got ${count}`);
    }
  }

  /** Aborted when the client disconnects, or after the deadline. */
  deadline(reply: FastifyReply): AbortSignal {
    const { answerTimeout } = this.options;
    const gone = new AbortController();
    const late = setTimeout(() => {
      gone.abort(new RequestError(504, `no answer within ${answerTimeout} ms; try again later`));
    }, answerTimeout);
    reply.raw.once('close', () => {
      clearTimeout(late);
      gone.abort(new RequestError(504, 'the client disconnected'));
    });
    return gone.signal;
  }
}

/** The result of `start()`, unless the signal comes first. A promise that nobody waits for would end the process. */
async function orAborted<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function argmax(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
