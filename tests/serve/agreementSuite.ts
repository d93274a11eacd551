import sharp from 'sharp';
import { expect } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { type Answer, evaluated } from './evaluated.ts';
import { postJson, type Predicted, startService } from './fixture.ts';

const IMAGES = 1000;
const PICTURES = 100;
/** Images of one inference request. */
const REQUEST = 250;
/** Images of the service's batches: a divisor of all, so that the evaluation can take them in the same batches. */
const BATCH = 40;
/** Kernels may round long sums differently in batches of other sizes: 1.2e-6 for the MLP on the CPU. */
const TOLERANCE = 5e-6;

/**
 * What the service answers over HTTP for 1,000 test images is what `evaluate` measures: its own code, on the same
 * model of this repository, says what to expect; bit for bit where it takes the images in batches of the same size.
 */
export async function checkAgreement(openDevice: () => Promise<Backend>, name: string): Promise<void> {
  const device = await openDevice();
  const { images, whole, inBatches } = await evaluated(device, name, { count: IMAGES, batchSize: BATCH });
  device.destroy();
  expect(new Set(whole.map(({ label }) => label)).size).toBe(10);
  const { url } = await startService({}, { root: 'models', reference: name, batchSize: BATCH, openDevice });
  const answers = await overJson(url, images);
  expect(answers).toEqual(inBatches);
  expectAlike(answers, whole);
  expect(await overPng(url, images.slice(0, PICTURES))).toEqual(inBatches.slice(0, PICTURES));
  expect(await overProtocol(`${url}/v2/models/${name}/infer`, images)).toEqual(inBatches);
}

function expectAlike(answers: readonly Answer[], expected: readonly Answer[]): void {
  expect(answers.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
  const distances = answers.flatMap(({ probabilities }, at) =>
    probabilities.map((share, c) => Math.abs(share - expected[at]!.probabilities[c]!)),
  );
  expect(Math.max(...distances)).toBeLessThanOrEqual(TOLERANCE);
}

/** One image a request, many requests at once. */
async function overJson(url: string, images: readonly Uint8Array[]): Promise<Answer[]> {
  const body = (image: Uint8Array): string => JSON.stringify({ pixels: Array.from(image) });
  return inParallel(images, async (image) => {
    const { status, body: answer } = await postJson(`${url}/predict`, body(image));
    return answerOf(status, answer);
  });
}

async function overPng(url: string, images: readonly Uint8Array[]): Promise<Answer[]> {
  const raw = { width: 28, height: 28, channels: 1 } as const;
  return inParallel(images, async (image) => {
    const png = new Uint8Array(await sharp(image, { raw }).png().toBuffer());
    const headers = { 'content-type': 'image/png' };
    const response = await fetch(`${url}/predict`, { method: 'POST', headers, body: png });
    return answerOf(response.status, await response.json());
  });
}

function answerOf(status: number, answer: unknown): Answer {
  expect([status, answer]).toMatchObject([200, { predictions: [{}] }]);
  const {
    predictions: [prediction],
  } = answer as Predicted;
  return { label: prediction!.class, probabilities: Object.values(prediction!.probabilities) };
}

/** Binary tensors of many images, answered in binary. */
async function overProtocol(url: string, images: readonly Uint8Array[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < images.length; start += REQUEST) {
    const values = Buffer.concat(images.slice(start, start + REQUEST));
    const parameters = { binary_data_size: values.length };
    const header = JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [values.length / 784, 28, 28], parameters }],
    });
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(header.length),
      },
      body: Buffer.concat([Buffer.from(header), values]),
    });
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const count = values.length / 784;
    const at = Number(response.headers.get('inference-header-content-length'));
    for (let image = 0; image < count; image++) {
      const read = (_: unknown, c: number): number => bytes.readFloatLE(at + 4 * (10 * image + c));
      const label = Number(bytes.readBigInt64LE(at + 40 * count + 8 * image));
      answers.push({ label, probabilities: Array.from({ length: 10 }, read) });
    }
  }
  return answers;
}

/** At most so many at once, as clients with their connections are. */
async function inParallel<T, R>(
  items: readonly T[],
  body: (item: T) => Promise<R>,
  atOnce = 64,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await body(items[at]!);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
