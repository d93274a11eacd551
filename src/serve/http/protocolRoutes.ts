import { turnToRead } from './jsonBody.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import type { App } from './app.ts';
import { INPUT, OUTPUTS, readImages, requestedOutputs, send } from './infer.ts';
import { readInferMessage, readJson } from './inferMessage.ts';
import type { Predictor } from './predictor.ts';
import { type ModelName, type Predictors, requireVersion } from './predictors.ts';
import * as schemas from './schemas.ts';
import type { InferResponse } from './schemas.ts';

const TAGS = ['Open Inference Protocol v2'];

/**
 * The Open Inference Protocol, version 2, with its binary tensor extension, and Triton's repository index.
 *
 * @see https://github.com/kserve/open-inference-protocol
 */
export async function addProtocolRoutes(
  app: App,
  predictors: Predictors,
  isDraining: () => boolean,
): Promise<void> {
  // Bodies are read in another way than those of other routes.
  await app.register((scope: App, _: object, done: () => void) => {
    acceptAnyType(scope);
    addServerRoutes(scope, predictors, isDraining);
    addIndexRoute(scope, predictors, isDraining);
    addModelRoutes(scope, predictors, isDraining);
    done();
  });
}

function addServerRoutes(app: App, predictors: Predictors, isDraining: () => boolean): void {
  app.get(
    '/v2',
    {
      schema: {
        summary: 'The server',
        tags: TAGS,
        response: { 200: schemas.server, ...schemas.failures(401) },
      },
    },
    () => ({ name: 'wgrad', version: '2', extensions: ['binary_tensor_data', 'model_repository'] }),
  );
  const live = { summary: 'Live', tags: TAGS, response: { 200: schemas.live } };
  app.get('/v2/health/live', { schema: live }, () => ({ live: true }));
  const ready = { summary: 'Ready', tags: TAGS, response: { 200: schemas.ready, 503: schemas.ready } };
  app.get('/v2/health/ready', { schema: ready }, (_, reply) => {
    const ready = !isDraining() && predictors.unreadyReason === undefined;
    reply.code(ready ? 200 : 503);
    return { ready };
  });
}

/** Triton's list of models, with what its clients send: no body, an empty one, or JSON. */
function addIndexRoute(app: App, predictors: Predictors, isDraining: () => boolean): void {
  app.post(
    '/v2/repository/index',
    {
      schema: {
        summary: 'The models',
        tags: TAGS,
        body: {
          required: false,
          content: { 'application/json': { schema: schemas.repositoryIndexRequest } },
        },
        response: { 200: schemas.repositoryIndex, ...schemas.failures(400, 401, 413, 415) },
      },
    },
    ({ body }) => {
      const { ready } = readIndexRequest(body);
      const models = predictors.all.map((predictor) => indexed(predictor, isDraining()));
      return ready ? models.filter(({ state }) => state === 'READY') : models;
    },
  );
}

function indexed({ host }: Predictor, isDraining: boolean): schemas.IndexedModel {
  const reason = isDraining ? 'the service is stopping' : (host.unreadyReason ?? '');
  // Without a version: that of the model that will be loaded is not known.
  const version = host.model ? String(host.model.version) : '';
  return { name: host.name, version, state: reason === '' ? 'READY' : 'UNAVAILABLE', reason };
}

function readIndexRequest(body: unknown): schemas.RepositoryIndexRequest {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  const result = schemas.repositoryIndexRequest.safeParse(readJson(body));
  if (result.success) return result.data;
  throw new RequestError(400, `takes {} or {"ready": true}: ${result.error.issues[0]!.message}`);
}

function addModelRoutes(app: App, predictors: Predictors, isDraining: () => boolean): void {
  const failures = schemas.failures(400, 401, 404, 503);
  const served = (params: unknown): ModelRecord => requireReady(predictors.find(params as ModelName));
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const params = path.includes('version') ? schemas.versionParams : schemas.modelParams;
    const metadata = { summary: 'The inputs and outputs of a model', tags: TAGS, params };
    app.get(
      path,
      { schema: { ...metadata, response: { 200: schemas.modelMetadata, ...failures } } },
      ({ params }) => {
        const model = served(params);
        return describe(model, predictors.versions(model.name));
      },
    );
    const readiness = { summary: 'Whether a model is ready', tags: TAGS, params };
    app.get(
      `${path}/ready`,
      { schema: { ...readiness, response: { 200: schemas.modelReady, ...failures } } },
      (request) => ({ name: served(request.params).name, ready: !isDraining() }),
    );
    app.post(
      `${path}/infer`,
      {
        schema: {
          summary: 'Classify images',
          description: `Input "${INPUT}": brightnesses from 0 to 255 of shape [n, height, width], [n, 1, height, width] or [n, height · width], or from 0 to 1 with the parameter scale = 1. Outputs: ${OUTPUTS.join(', ')}.`,
          tags: TAGS,
          params,
          body: {
            content: {
              'application/json': { schema: schemas.inferRequest },
              'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
            },
          },
          response: {
            200: {
              content: {
                'application/json': { schema: schemas.inferResponse },
                'application/octet-stream': { schema: schemas.binary },
              },
            },
            ...schemas.failures(400, 401, 404, 413, 415, 500, 503, 504),
          },
        },
      },
      async (request, reply) => {
        const path = request.params as ModelName;
        const predictor = predictors.find(path);
        const model = requireReady(predictor);
        const signal = predictor.deadline(reply);
        const message = readInferMessage(request.body, request.headers);
        requestedOutputs(message.request);
        const images = readImages(message, model, (count) => predictor.requireCount(count));
        const answers = await predictor.predict(images, signal);
        // While the request waited, another version may have replaced the model.
        requireVersion(answers[0]!.model, path.version);
        // Bytes are sent without the schema of the JSON.
        return send(reply, message.request, answers) as InferResponse;
      },
    );
  }
}

function requireReady({ host }: Predictor): ModelRecord {
  const { model, unreadyReason = 'no model is ready' } = host;
  if (!model) throw new UnavailableError(unreadyReason);
  return model;
}

function describe({ name, classes, input }: ModelRecord, versions: string[]) {
  const shape = [-1, input.height, input.width];
  return {
    name,
    versions,
    platform: 'wgrad',
    inputs: [{ name: INPUT, datatype: 'FP32', shape }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, classes.length] },
      { name: 'label', datatype: 'INT64', shape: [-1] },
    ],
  };
}

/** Types under which clients send requests: urllib says that JSON is a form, fetch that it is text. */
const TYPES =
  /^((text\/plain|application\/(json|octet-stream|x-www-form-urlencoded|[\w.-]+\+json))\s*(;.*)?)?$/i;

/** Takes bodies as bytes, also those without a content type. */
function acceptAnyType(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const type = request.headers['content-type'] ?? '';
    if (TYPES.test(type)) void turnToRead(body.length).then(() => done(null, body));
    else done(new RequestError(415, `takes application/json or application/octet-stream, got ${type}`));
  });
  // Bodies are checked where they are read.
  const compile = app.validatorCompiler!;
  app.setValidatorCompiler((route) =>
    route.httpPart === 'body' ? (value: unknown) => ({ value }) : compile(route as never),
  );
}
