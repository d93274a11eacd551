import { z } from 'zod';

/** Pixels of an image; the schemas below are the one source of checks, types and OpenAPI. */
const PIXELS = 28 * 28;

const pixel = z.number().min(0).max(255);
const image = z
  .array(pixel)
  .length(PIXELS)
  .describe('28 × 28 brightnesses, row by row: 0 is background, 255 full intensity.');
const picture = z
  .string()
  .min(1)
  .regex(/^(data:image\/[a-z+.-]+;base64,)?[A-Za-z0-9+/_-]+={0,2}$/, 'takes base64')
  .describe(
    'A PNG or JPEG picture in base64, as a data URL or bare; of any size, dark on bright or bright on dark.',
  );

const predictBody = z
  .union([
    z.strictObject({ pixels: image }),
    z.strictObject({ pixels: z.array(image).min(1) }),
    z.strictObject({ image: picture }),
    z.strictObject({ images: z.array(picture).min(1) }),
  ])
  .describe('One image or several, as pixels or as pictures.');

export interface Prediction {
  /** The label, an index into the model's classes. */
  class: number;
  name: string;
  /** Of that class. */
  probability: number;
  /** By class name. */
  probabilities: Record<string, number>;
}

const share = z.number().min(0).max(1.001);
const prediction = z.object({
  class: z.int().describe('The label: an index into the classes.'),
  name: z.string().describe('The class.'),
  probability: share.describe('Of this class.'),
  probabilities: z.record(z.string(), share).describe('Of every class, by name.'),
});

const error = z.object({ error: z.string().describe('What was taken, what was got, what to do.') });

const health = z.object({ status: z.enum(['ok', 'unavailable']), reason: z.string().optional() });

const tensorMetadata = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const inferTensor = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).min(1).max(4),
  datatype: z.string(),
  parameters: parameters.optional(),
  data: z.unknown().optional().describe('Flat or nested; left out where the values follow in binary.'),
});

const inferRequest = z.object({
  id: z.string().max(256).optional(),
  parameters: parameters.optional(),
  inputs: z.array(inferTensor).length(1),
  outputs: z
    .array(z.object({ name: z.string(), parameters: parameters.optional() }))
    .max(16)
    .optional(),
});
export type InferRequest = z.infer<typeof inferRequest>;

const inferResponse = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.int()),
      datatype: z.string(),
      parameters: parameters.optional(),
      data: z.array(z.number()).optional(),
    }),
  ),
});
export type InferResponse = z.infer<typeof inferResponse>;

const modelParams = z.object({ model: z.string().max(64) });

export const schemas = {
  predictBody,
  predictResponse: z.object({
    model: z.object({ name: z.string(), version: z.int() }),
    predictions: z.array(prediction),
  }),
  error,
  health,
  live: z.object({ live: z.boolean() }),
  ready: z.object({ ready: z.boolean() }),
  server: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
  modelParams,
  versionParams: modelParams.extend({ version: z.string().max(16) }),
  modelMetadata: z.object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata),
  }),
  modelReady: z.object({ name: z.string(), ready: z.boolean() }),
  inferRequest,
  inferResponse,
  text: z.string(),
};
