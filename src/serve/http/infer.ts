import type { FastifyReply } from 'fastify';
import { valueText } from '../../pipeline/text/valueText.ts';
import type { Pixels } from '../inference/engine.ts';
import { RequestError } from '../errors.ts';
import type { ModelRecord } from '../registry/modelRecord.ts';
import { type Scale, toBrightness } from './brightness.ts';
import { HEADER_LENGTH, type InferMessage, writeBinaryResponse } from './inferMessage.ts';
import type { LabelledAnswer } from './predictor.ts';
import type { InferRequest, InferResponse, Parameters } from './schemas.ts';
import { imageCount, readBinaryTensor, readJsonTensor, splitImages } from './tensors.ts';

export const INPUT = 'pixels';
export const OUTPUTS: readonly string[] = ['probabilities', 'label'];

/** What clients may ask of Triton and do not get here. To ignore it would give answers of another form. */
const REFUSED = ['classification', 'shared_memory_region'];

/**
 * The images of a request.
 *
 * @param requireCount throws if a request may not hold so many
 * @throws RequestError (400) if the input does not fit the model
 */
export function readImages(
  { request, binary }: InferMessage,
  model: ModelRecord,
  requireCount: (count: number) => void,
): Pixels[] {
  const [input] = request.inputs as [InferRequest['inputs'][number]];
  if (input.name !== INPUT) {
    throw new RequestError(400, `takes the input ${INPUT}, got ${valueText(input.name)}`);
  }
  refuse(input.parameters);
  const count = imageCount(input.shape, model.input);
  requireCount(count);
  const values = count * model.input.height * model.input.width;
  const size = input.parameters?.['binary_data_size'] ?? undefined;
  if (binary.length !== (size ?? 0)) {
    throw new RequestError(
      400,
      `binary_data_size takes the ${binary.length} bytes after the JSON, got ${valueText(size)}`,
    );
  }
  const tensor =
    size === undefined
      ? readJsonTensor(input.data, input.datatype, values)
      : readBinaryTensor(binary, input.datatype, values);
  const scale = scaleOf(input) ?? scaleOf(request) ?? (input.datatype === 'BOOL' ? 1 : undefined);
  return splitImages(tensor, count).map((image) => toBrightness(image, scale));
}

function scaleOf({ parameters }: { parameters?: Parameters | null | undefined }): Scale | undefined {
  const scale = parameters?.['scale'] ?? undefined;
  if (scale === undefined || scale === 1 || scale === 255) return scale;
  throw new RequestError(400, `scale takes 1 or 255, got ${valueText(scale)}`);
}

function refuse(parameters: Parameters | null | undefined): void {
  const name = REFUSED.find((each) => (parameters?.[each] ?? undefined) !== undefined);
  if (name !== undefined)
    throw new RequestError(400, `${name} is an extension that this server does not have`);
}

/** The outputs that a request names, or all. @throws RequestError (400) for others */
export function requestedOutputs({ outputs }: InferRequest): readonly string[] {
  if (!outputs || outputs.length === 0) return OUTPUTS;
  for (const { name, parameters } of outputs) {
    refuse(parameters);
    if (!OUTPUTS.includes(name)) {
      throw new RequestError(400, `outputs takes ${OUTPUTS.join(', ')}, got ${valueText(name)}`);
    }
  }
  return outputs.map(({ name }) => name);
}

/** Sends answers as JSON, or those outputs as bytes that the request wants so. */
export function send(
  reply: FastifyReply,
  request: InferRequest,
  answers: readonly LabelledAnswer[],
): InferResponse | Buffer {
  const { model } = answers[0]!;
  const requested = requestedOutputs(request);
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
    ...(typeof request.id === 'string' && { id: request.id }),
    outputs: requested.map((name) => all.find((output) => output.name === name)!),
  };
  const everything = request.parameters?.['binary_data_output'] === true;
  const binary = requested.filter((_, index) => {
    const own = request.outputs?.[index]?.parameters?.['binary_data'] ?? undefined;
    return own === undefined ? everything : own === true;
  });
  if (binary.length === 0) return response;
  const { body, headerLength } = writeBinaryResponse(response, new Set(binary));
  reply.header(HEADER_LENGTH, String(headerLength)).type('application/octet-stream');
  return body;
}
