import type { ModelConfiguration } from '../../../../pipeline/config/schema.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';
import { PageWorker } from '../pageWorker.ts';
import type { Answer, Request } from '../worker/messages.ts';

/** Weights of models of this project are smaller. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * Reads a safetensors file of weights, and runs the network that it belongs to once.
 *
 * @throws Error if it is no such file, or of no network of this project
 */
export async function loadWeights(file: File): Promise<{ model: ModelConfiguration; weights: Uint8Array }> {
  if (file.size > MOST_BYTES) throw new Error(`takes at most ${MOST_BYTES} bytes, got ${file.size}`);
  const weights = new Uint8Array(await file.arrayBuffer());
  const worker = new PageWorker();
  const ask = <Kind extends Answer['kind']>(
    request: Request,
    kind: Kind,
  ): Promise<Extract<Answer, { kind: Kind }>> =>
    new Promise((resolve, reject) => {
      worker.listen((answer) => {
        if (answer.kind === kind) resolve(answer as Extract<Answer, { kind: Kind }>);
        if (answer.kind === 'failed') reject(new Error(answer.message));
      }, reject);
      worker.send(request);
    });
  try {
    const { model } = await ask({ kind: 'inspect', weights }, 'inspected');
    await ask({ kind: 'open', device: 'cpu', model, data: FASHION_MNIST_DESCRIPTION, weights }, 'opened');
    return { model, weights };
  } finally {
    worker.end();
  }
}
