import { z } from 'zod';
import type { Shape } from '../../pipeline/config/parts.ts';
import type { Scale } from './brightness.ts';
import { list, parameters, picture, pictures, pixels } from './bodyChecks.ts';

/** `POST /predict` as JSON: exactly one of these keys. */
export interface PredictBody {
  pixels?: number[] | number[][] | undefined;
  /** In base64. */
  image?: string | undefined;
  images?: string[] | undefined;
  /** Of pixels: the value of full brightness. */
  scale?: Scale | undefined;
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

/** Parameters of the Open Inference Protocol. Servers ignore those that they do not know. */
export type Parameters = Record<string, unknown>;

interface TensorMetadata {
  name: string;
  datatype: string;
  shape: number[];
}

// Clients such as MLServer's write null for what they leave out.

export interface InferTensor extends TensorMetadata {
  parameters?: Parameters | null | undefined;
  data?: unknown;
}

/** A request of the Open Inference Protocol. */
export interface InferRequest {
  id?: string | null | undefined;
  parameters?: Parameters | null | undefined;
  inputs: InferTensor[];
  outputs?: { name: string; parameters?: Parameters | null | undefined }[] | null | undefined;
}

export interface InferOutput extends TensorMetadata {
  parameters?: Parameters | undefined;
  data?: number[] | undefined;
}

export interface InferResponse {
  model_name: string;
  model_version: string;
  id?: string | undefined;
  outputs: InferOutput[];
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
const tensor = { name, datatype: name, shape: z.array(z.int()) } satisfies Shape<TensorMetadata>;

// The only source of checks and OpenAPI. A key that is in an interface but not in its schema is a compile error.

export const predictBody: z.ZodType<PredictBody> = z
  .strictObject({
    pixels: pixels.optional(),
    image: picture.optional(),
    images: pictures.optional(),
    scale: z
      .union([z.literal(1), z.literal(255)])
      .optional()
      .describe(
        'Of pixels: the value of full brightness. Required if all values are at most 1; otherwise 255.',
      ),
  } satisfies Shape<PredictBody>)
  .refine(
    ({ scale, ...images }) =>
      Object.keys(images).length === 1 && (scale === undefined || images.pixels !== undefined),
    'takes one of pixels, image and images, and scale with pixels only',
  )
  .meta({
    description: 'One image or several, as pixels or as pictures.',
    oneOf: [
      { required: ['pixels'], properties: { image: false, images: false } },
      { required: ['image'], properties: { pixels: false, images: false, scale: false } },
      { required: ['images'], properties: { pixels: false, image: false, scale: false } },
    ],
  });

/** The query of `POST /predict`. */
export interface PredictQuery {
  model?: string | undefined;
}

/** How a query names a model: NAME or NAME/VERSION. */
export const MODEL_REFERENCE: RegExp = /^([^/@]+)(?:\/(\d+))?$/;

export const predictQuery: z.ZodType<PredictQuery> = z.strictObject({
  model: z
    .string()
    .max(80)
    .regex(MODEL_REFERENCE, 'takes NAME or NAME/VERSION')
    .optional()
    .describe('NAME or NAME/VERSION of a model that is served; without it, the first one.'),
} satisfies Shape<PredictQuery>);

export const predictResponse: z.ZodType<PredictResponse> = z.object({
  model: z.object({ name, version: z.int() }),
  predictions: z.array(
    z.object({
      class: z.int().describe('The label: an index into the classes.'),
      name: z.string().describe('The class.'),
      probability: share.describe('Of this class.'),
      probabilities: z.record(z.string(), share).describe('Of every class, by name.'),
    } satisfies Shape<Prediction>),
  ),
} satisfies Shape<PredictResponse>);

const error: z.ZodType<{ error: string }> = z.object({
  error: z.string().describe('What the service takes, what it got, and what to do.'),
});

/** The answers of a route when it fails, by status. */
export function failures<S extends number>(...statuses: S[]): Record<S, typeof error> {
  return Object.fromEntries(statuses.map((status) => [status, error])) as Record<S, typeof error>;
}

export const health: z.ZodType<Health> = z.object({
  status: z.enum(['ok', 'unavailable']),
  reason: z.string().optional(),
} satisfies Shape<Health>);

export const live: z.ZodType<{ live: boolean }> = z.object({ live: z.boolean() });

export const ready: z.ZodType<{ ready: boolean }> = z.object({ ready: z.boolean() });

export const server: z.ZodType<{ name: string; version: string; extensions: string[] }> = z.object({
  name,
  version: z.string(),
  extensions: z.array(z.string()),
});

export const modelParams: z.ZodType<{ model: string }> = z.object({ model });

export const versionParams: z.ZodType<{ model: string; version: string }> = z.object({
  model,
  version: z.string().max(16),
});

export const modelMetadata: z.ZodType<ModelMetadata> = z.object({
  name,
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(z.object(tensor)),
  outputs: z.array(z.object(tensor)),
} satisfies Shape<ModelMetadata>);

export const modelReady: z.ZodType<{ name: string; ready: boolean }> = z.object({ name, ready: z.boolean() });

export const inferRequest: z.ZodType<InferRequest> = z.looseObject({
  id: z.string().max(256).nullish().describe('Comes back in the answer.'),
  parameters: parameters.nullish(),
  inputs: list(
    z.looseObject({
      name,
      shape: list(z.int().min(0), 1, 4),
      datatype: z.string(),
      parameters: parameters.nullish(),
      data: z.unknown().optional().describe('Flat or nested; left out if the values follow in binary.'),
    } satisfies Shape<InferTensor>),
    1,
    1,
  ),
  outputs: list(z.looseObject({ name, parameters: parameters.nullish() }), 0, 16).nullish(),
} satisfies Shape<InferRequest>);

export const inferResponse: z.ZodType<InferResponse> = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      ...tensor,
      parameters: parameters.optional(),
      data: z.array(z.number()).optional(),
    } satisfies Shape<InferOutput>),
  ),
} satisfies Shape<InferResponse>);

/** `POST /v2/repository/index`, as Triton has it. */
export interface RepositoryIndexRequest {
  ready?: boolean | null | undefined;
}

export const repositoryIndexRequest: z.ZodType<RepositoryIndexRequest> = z.looseObject({
  ready: z.boolean().nullish().describe('Only models that are ready.'),
} satisfies Shape<RepositoryIndexRequest>);

export interface IndexedModel {
  name: string;
  version: string;
  state: 'READY' | 'UNAVAILABLE';
  reason: string;
}

export const repositoryIndex: z.ZodType<IndexedModel[]> = z.array(
  z.object({
    name,
    version: z.string(),
    state: z.enum(['READY', 'UNAVAILABLE']),
    reason: z.string(),
  } satisfies Shape<IndexedModel>),
);

export const text: z.ZodType<string> = z.string();

export const binary: z.ZodType<string> = z.string().meta({ format: 'binary' });
