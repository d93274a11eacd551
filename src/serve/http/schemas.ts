import { z } from 'zod';
import type { Shape } from '../../pipeline/config/parts.ts';
import { list, parameters, picture, pictures, pixels } from './bodyChecks.ts';

/** `POST /predict` as JSON: exactly one of these keys. */
export interface PredictBody {
  pixels?: number[] | number[][] | undefined;
  /** In base64. */
  image?: string | undefined;
  images?: string[] | undefined;
}

export interface Prediction {
  /** The label, an index into the model's classes. */
  class: number;
  name: string;
  /** Of that class. */
  probability: number;
  /** By class name. */
  probabilities: Record<string, number>;
}

export interface PredictResponse {
  model: { name: string; version: number };
  predictions: Prediction[];
}

export interface Health {
  status: 'ok' | 'unavailable';
  reason?: string | undefined;
}

type Parameters = Record<string, string | number | boolean>;

export interface InferTensor {
  name: string;
  shape: number[];
  datatype: string;
  parameters?: Parameters | undefined;
  data?: unknown;
}

/** A request of the Open Inference Protocol. */
export interface InferRequest {
  id?: string | undefined;
  parameters?: Parameters | undefined;
  inputs: InferTensor[];
  outputs?: { name: string; parameters?: Parameters | undefined }[] | undefined;
}

export interface InferOutput {
  name: string;
  shape: number[];
  datatype: string;
  parameters?: Parameters | undefined;
  data?: number[] | undefined;
}

export interface InferResponse {
  model_name: string;
  model_version: string;
  id?: string | undefined;
  outputs: InferOutput[];
}

interface TensorMetadata {
  name: string;
  datatype: string;
  shape: number[];
}

export interface ModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
}

const share = z.number().min(0);
const name = z.string();
const model = z.string().max(64);
const tensorMetadata = z.object({
  name,
  datatype: name,
  shape: z.array(z.int()),
} satisfies Shape<TensorMetadata>);

interface Schemas {
  readonly predictBody: z.ZodType<PredictBody>;
  readonly predictResponse: z.ZodType<PredictResponse>;
  readonly error: z.ZodType<{ error: string }>;
  readonly health: z.ZodType<Health>;
  readonly live: z.ZodType<{ live: boolean }>;
  readonly ready: z.ZodType<{ ready: boolean }>;
  readonly server: z.ZodType<{ name: string; version: string; extensions: string[] }>;
  readonly modelParams: z.ZodType<{ model: string }>;
  readonly versionParams: z.ZodType<{ model: string; version: string }>;
  readonly modelMetadata: z.ZodType<ModelMetadata>;
  readonly modelReady: z.ZodType<{ name: string; ready: boolean }>;
  readonly inferRequest: z.ZodType<InferRequest>;
  readonly inferResponse: z.ZodType<InferResponse>;
  readonly text: z.ZodType<string>;
  readonly binary: z.ZodType<string>;
}

/** The only source of checks and OpenAPI. A key that is in an interface but not in its schema is a compile error. */
export const schemas: Schemas = {
  predictBody: z
    .strictObject({
      pixels: pixels.optional(),
      image: picture.optional(),
      images: pictures.optional(),
    } satisfies Shape<PredictBody>)
    .refine((body) => Object.keys(body).length === 1, 'takes one of pixels, image and images')
    .meta({
      description: 'One image or several, as pixels or as pictures.',
      minProperties: 1,
      maxProperties: 1,
    }),
  predictResponse: z.object({
    model: z.object({ name, version: z.int() }),
    predictions: z.array(
      z.object({
        class: z.int().describe('The label: an index into the classes.'),
        name: z.string().describe('The class.'),
        probability: share.describe('Of this class.'),
        probabilities: z.record(z.string(), share).describe('Of every class, by name.'),
      } satisfies Shape<Prediction>),
    ),
  } satisfies Shape<PredictResponse>),
  error: z.object({ error: z.string().describe('What the service takes, what it got, and what to do.') }),
  health: z.object({
    status: z.enum(['ok', 'unavailable']),
    reason: z.string().optional(),
  } satisfies Shape<Health>),
  live: z.object({ live: z.boolean() }),
  ready: z.object({ ready: z.boolean() }),
  server: z.object({ name, version: z.string(), extensions: z.array(z.string()) }),
  modelParams: z.object({ model }),
  versionParams: z.object({ model, version: z.string().max(16) }),
  modelMetadata: z.object({
    name,
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata),
  } satisfies Shape<ModelMetadata>),
  modelReady: z.object({ name, ready: z.boolean() }),
  inferRequest: z.looseObject({
    id: z.string().max(256).optional(),
    parameters: parameters.optional(),
    inputs: list(
      z.looseObject({
        name,
        shape: list(z.int().min(0), 1, 4),
        datatype: z.string(),
        parameters: parameters.optional(),
        data: z.unknown().optional().describe('Flat or nested; left out if the values follow in binary.'),
      } satisfies Shape<InferTensor>),
      1,
      1,
    ),
    outputs: list(z.looseObject({ name, parameters: parameters.optional() }), 0, 16).optional(),
  } satisfies Shape<InferRequest>),
  inferResponse: z.object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name,
        shape: z.array(z.int()),
        datatype: z.string(),
        parameters: parameters.optional(),
        data: z.array(z.number()).optional(),
      } satisfies Shape<InferOutput>),
    ),
  } satisfies Shape<InferResponse>),
  text: z.string(),
  binary: z.string().meta({ format: 'binary' }),
};
