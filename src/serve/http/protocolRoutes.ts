import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ModelRecord } from '../registry/modelRecord.ts';
import type { App } from './app.ts';
import { HEADER_LENGTH, type InferMessage, readBinaryRequest, writeBinaryResponse } from './binaryRequest.ts';
import { RequestError, UnavailableError } from '../errors.ts';
import type { LabelledAnswer, Predictor } from './predictor.ts';
import * as schemas from './schemas.ts';
import type { InferRequest, InferResponse } from './schemas.ts';
import { imageCount, readBinaryTensor, readJsonTensor, splitImages } from './tensors.ts';

const INPUT = 'pixels';
const OUTPUTS = ['probabilities', 'label'];

interface ModelPath {
  model: string;
  version?: string;
}

/**
 * The Open Inference Protocol, version 2, with its binary tensor extension.
 *
 * @see https://github.com/kserve/open-inference-protocol
 */
export function addProtocolRoutes(app: App, predictor: Predictor, isDraining: () => boolean): void {
  const { host } = predictor;
  const tags = ['Open Inference Protocol v2'];
  const failures = schemas.failures(400, 401, 404, 503);

  app.get(
    '/v2',
    { schema: { summary: 'The server', tags, response: { 200: schemas.server, ...schemas.failures(401) } } },
    () => ({ name: 'wgrad', version: '2', extensions: ['binary_tensor_data'] }),
  );
  app.get('/v2/health/live', { schema: { summary: 'Live', tags, response: { 200: schemas.live } } }, () => ({
    live: true,
  }));
  const ready = { schema: { summary: 'Ready', tags, response: { 200: schemas.ready, 503: schemas.ready } } };
  app.get('/v2/health/ready', ready, (_, reply) => {
    const ready = !isDraining() && host.model !== undefined;
    reply.code(ready ? 200 : 503);
    return { ready };
  });

  const served = (params: unknown): ModelRecord => servedModel(host.model, params as ModelPath);
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const params = path.includes('version') ? schemas.versionParams : schemas.modelParams;
    const metadata = { summary: 'The inputs and outputs of a model', tags, params };
    app.get(
      path,
      { schema: { ...metadata, response: { 200: schemas.modelMetadata, ...failures } } },
      (request) => describe(served(request.params)),
    );
    const readiness = { summary: 'Whether a model is ready', tags, params };
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
          description: `Input "${INPUT}": brightnesses from 0 to 255 of shape [n, 28, 28], [n, 1, 28, 28] or [n, 784]. Outputs: ${OUTPUTS.join(', ')}.`,
          tags,
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
        served(request.params);
        const signal = predictor.deadline(reply);
        const message = readMessage(request);
        const answers = await predictor.predict(readImages(message), signal);
        // While the request waited, another version may have replaced the model.
        servedModel(answers[0]!.model, request.params);
        // Bytes are sent without the schema of the JSON.
        return send(reply, message.request, answers) as InferResponse;
      },
    );
  }
}

function servedModel(model: ModelRecord | undefined, { model: name, version }: ModelPath): ModelRecord {
  if (!model) throw new UnavailableError('no model is ready');
  if (model.name !== name) throw new RequestError(404, `there is no model ${name}; ${model.name} is served`);
  if (version !== undefined && version !== String(model.version)) {
    throw new RequestError(404, `version ${version} of ${name} is not served; version ${model.version} is`);
  }
  return model;
}

function describe({ name, version, classes, input }: ModelRecord) {
  const shape = [-1, input.height, input.width];
  return {
    name,
    versions: [String(version)],
    platform: 'wgrad',
    inputs: [{ name: INPUT, datatype: 'FP32', shape }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, classes.length] },
      { name: 'label', datatype: 'INT64', shape: [-1] },
    ],
  };
}

function readMessage({ body, headers }: FastifyRequest): InferMessage {
  if (Buffer.isBuffer(body)) return readBinaryRequest(body, headers[HEADER_LENGTH]);
  if (body === undefined || body === null)
    throw new RequestError(400, 'takes an inference request, got no body');
  return { request: body as InferRequest, binary: Buffer.alloc(0) };
}

function readImages({ request, binary }: InferMessage): Float64Array[] {
  const [input] = request.inputs as [InferRequest['inputs'][number]];
  if (input.name !== INPUT) throw new RequestError(400, `takes the input ${INPUT}, got ${input.name}`);
  const images = imageCount(input.shape);
  const values = images * 784;
  const size = input.parameters?.['binary_data_size'];
  const given = size === undefined ? 0 : size;
  if (binary.length !== given) {
    throw new RequestError(
      400,
      `binary_data_size takes the ${binary.length} bytes after the JSON, got ${given}`,
    );
  }
  if (size !== undefined) return splitImages(readBinaryTensor(binary, input.datatype, values), images);
  // Rejects sizes that cannot fit into the body, before an array is allocated.
  if (values > MOST_VALUES) throw new RequestError(413, `takes at most ${MOST_VALUES} values, got ${values}`);
  return splitImages(readJsonTensor(input.data, input.datatype, values), images);
}

const MOST_VALUES = 2 ** 23;

function send(
  reply: FastifyReply,
  request: InferRequest,
  answers: readonly LabelledAnswer[],
): InferResponse | Buffer {
  const { model } = answers[0]!;
  const requested = request.outputs?.map(({ name }) => name) ?? OUTPUTS;
  const unknown = requested.find((name) => !OUTPUTS.includes(name));
  if (unknown !== undefined)
    throw new RequestError(400, `outputs takes ${OUTPUTS.join(', ')}, got ${unknown}`);
  const all: InferResponse['outputs'] = [
    {
      name: 'probabilities',
      datatype: 'FP32',
      shape: [answers.length, model.classes.length],
      data: answers.flatMap(({ probabilities }) => Array.from(probabilities)),
    },
    { name: 'label', datatype: 'INT64', shape: [answers.length], data: answers.map(({ label }) => label) },
  ];
  const response: InferResponse = {
    model_name: model.name,
    model_version: String(model.version),
    ...(request.id !== undefined && { id: request.id }),
    outputs: requested.map((name) => all.find((output) => output.name === name)!),
  };
  const everything = request.parameters?.['binary_data_output'] === true;
  const binary = requested.filter((_, index) => {
    const own = request.outputs?.[index]?.parameters?.['binary_data'];
    return own === undefined ? everything : own === true;
  });
  if (binary.length === 0) return response;
  const { body, headerLength } = writeBinaryResponse(response, new Set(binary));
  reply.header(HEADER_LENGTH, String(headerLength)).type('application/octet-stream');
  return body;
}

/** Accepts tensors as bytes. */
export function acceptTensors(app: App): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_, body, done) => {
    done(null, body);
  });
}
