import type { FastifyError, FastifyRequest } from 'fastify';
import type { Pixels } from '../inference/engine.ts';
import type { App } from './app.ts';
import { RequestError } from '../errors.ts';
import { toBrightness } from './brightness.ts';
import type { LabelledAnswer, Predictor } from './predictor.ts';
import { parseModelName, type Predictors, requireVersion } from './predictors.ts';
import * as schemas from './schemas.ts';
import type { PredictBody, Prediction } from './schemas.ts';

/** Content types of a body that is a picture. Its bytes say what it is. */
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'application/octet-stream'];

/** Text fields of a form. They are not used, but some clients add them. */
const TEXT_FIELDS = 16;

/** `POST /predict`: pixels or pictures in, classes and probabilities out. */
export function addPredictRoute(app: App, predictors: Predictors): void {
  const { failures, predictBody, predictQuery, predictResponse } = schemas;
  const binary = { schema: { type: 'string', format: 'binary' } };
  const form = {
    schema: { type: 'object', properties: { image: { type: 'string', format: 'binary' } } },
  };
  app.post(
    '/predict',
    {
      schema: {
        summary: 'Classify images',
        description:
          'Takes pixels or base64 pictures as JSON, a picture as the body, or pictures as the files of a form. Pictures are PNG, JPEG, WebP or AVIF. A picture may have any size. For a model of Fashion-MNIST, it may be dark on bright or bright on dark: the object is cut out, scaled to 28 × 28 and centred. For a model of other data it is scaled to the size of the images.',
        tags: ['prediction'],
        querystring: predictQuery,
        body: {
          content: {
            'application/json': { schema: predictBody },
            ...Object.fromEntries(PICTURES.map((type) => [type, binary])),
            'multipart/form-data': form,
          },
        },
        response: { 200: predictResponse, ...failures(400, 401, 404, 413, 415, 422, 500, 503, 504) },
      },
    },
    async (request, reply) => {
      const { model: reference } = request.query;
      const predictor = predictors.findReference(reference);
      const signal = predictor.deadline(reply);
      const images = await readImages(request, predictor, signal);
      const answers = await predictor.predict(images, signal);
      if (reference !== undefined) requireVersion(answers[0]!.model, parseModelName(reference).version);
      const { name, version } = answers[0]!.model;
      return { model: { name, version }, predictions: answers.map(describe) };
    },
  );
}

async function readImages(
  request: FastifyRequest,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<Pixels[]> {
  if (request.isMultipart()) return readForm(request, predictor, signal);
  if (Buffer.isBuffer(request.body)) return [await predictor.decode(request.body, signal)];
  // Without a body there is no content type by which it could have been checked.
  if (request.body === undefined || request.body === null) throw new RequestError(400, NOTHING);
  const { pixels, scale, image, images: pictures = [image!] } = request.body as PredictBody;
  const batch = pixels && (isBatch(pixels) ? pixels : [pixels]);
  predictor.requireCount((batch ?? pictures).length);
  if (batch) return batch.map((each) => toBrightness(each, scale));
  // One after the other, so a request uses one decoder at most.
  const images: Pixels[] = [];
  for (const text of pictures) {
    images.push(await predictor.decode(Buffer.from(text.slice(text.indexOf(',') + 1), 'base64'), signal));
  }
  return images;
}

const NOTHING =
  'takes an image: JSON such as {"pixels": [numbers]}, a picture as the body, or a form; got no body';

async function readForm(
  request: FastifyRequest,
  predictor: Predictor,
  signal: AbortSignal,
): Promise<Pixels[]> {
  const { imageLimit, bodyLimit } = predictor.options;
  const limits = {
    files: imageLimit,
    fileSize: bodyLimit,
    fields: TEXT_FIELDS,
    parts: imageLimit + TEXT_FIELDS,
  };
  const images: Pixels[] = [];
  for await (const file of readFiles(request, limits)) {
    images.push(await predictor.decode(file, signal));
  }
  if (images.length === 0) throw new RequestError(400, 'takes a form with at least one file, got none');
  return images;
}

/** The files of a form. The parser's own errors have no status; all of them are of the request. */
async function* readFiles(request: FastifyRequest, limits: object): AsyncGenerator<Buffer> {
  try {
    for await (const file of request.files({ limits })) yield await file.toBuffer();
  } catch (error) {
    if ((error as Partial<FastifyError>).statusCode !== undefined || request.raw.errored) throw error;
    throw new RequestError(400, `the form cannot be read: ${(error as Error).message}`);
  }
}

function isBatch(pixels: number[] | number[][]): pixels is number[][] {
  return Array.isArray(pixels[0]);
}

function describe({ label, probabilities, model }: LabelledAnswer): Prediction {
  return {
    class: label,
    name: model.classes[label]!,
    probability: probabilities[label]!,
    probabilities: Object.fromEntries(model.classes.map((name, index) => [name, probabilities[index]!])),
  };
}

/** Accepts pictures as the body itself. */
export function acceptPictures(app: App): void {
  // Fastify also accepts text, which no route here takes.
  app.removeContentTypeParser('text/plain');
  // Other pictures are taken too, because the error of the decoder names their format and the remedy.
  for (const type of [/^image\//, 'application/octet-stream']) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_, body: Buffer | string, done: Done) => {
      done(null, body);
    });
  }
}

type Done = (error: Error | null, body?: unknown) => void;
