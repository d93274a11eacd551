import { z } from 'zod';

/** One line of `metrics.jsonl`. */
export type JournalRecord = MetricsRecord | PredictionsRecord | HistogramsRecord | EndRecord;

/** The time of a record in the training. */
export interface RecordPlace {
  /** Counted from 1. */
  readonly epoch: number;
  /** Optimizer steps since the start of the training. */
  readonly step: number;
  /** Milliseconds since 1970; left out by journals without a clock. */
  readonly time?: number;
}

/** Metrics on one part of the data. */
export interface MetricsRecord extends RecordPlace {
  readonly kind: 'train' | 'validation' | 'test';
  /** `{ loss: 0.41, accuracy: 0.85, samplesPerSecond: 12000 }`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The hash of the weights after this step (`hashWeights`); for validations. */
  readonly weightsSha256?: string;
}

/** The predictions on the validation images. */
export interface PredictionsRecord extends RecordPlace {
  readonly kind: 'predictions';
  /** confusion[actual][predicted]: how many images. */
  readonly confusion: readonly (readonly number[])[];
  /** The first wrong ones by row number in the training set. */
  readonly wrong: readonly WrongPrediction[];
}

export interface WrongPrediction {
  readonly row: number;
  readonly actual: number;
  readonly predicted: number;
}

/** The distribution of the values of each parameter. */
export interface HistogramsRecord extends RecordPlace {
  readonly kind: 'histograms';
  readonly histograms: Readonly<Record<string, Histogram>>;
}

/** Finite values in buckets of equal width from the least to the greatest. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly counts: readonly number[];
}

/** The end of the training; a run without this record is being trained, or was killed. */
export interface EndRecord extends RecordPlace {
  readonly kind: 'end';
  readonly status: 'finished' | 'interrupted' | 'failed';
}

const count = z.int().min(0);
const numberText = z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number);
/** Also used in file names by trackers. */
const metricName = z.string().regex(/^[A-Za-z][\w-]{0,99}$/);
const place = { epoch: count, step: count, time: z.number().min(0).exactOptional() };

/** The schema of a line; numbers that JSON cannot express are strings. */
export const recordSchema: z.ZodType<JournalRecord> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['train', 'validation', 'test']),
    ...place,
    metrics: z.record(metricName, z.union([z.number(), numberText])),
    weightsSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('predictions'),
    ...place,
    confusion: z.array(z.array(count)),
    wrong: z.array(z.strictObject({ row: count, actual: count, predicted: count })),
  }),
  z.strictObject({
    kind: z.literal('histograms'),
    ...place,
    histograms: z.record(
      z.string(),
      z.strictObject({
        min: z.number(),
        max: z.number(),
        sum: z.number(),
        sumSquares: z.number(),
        counts: z.array(count).min(1),
      }),
    ),
  }),
  z.strictObject({
    kind: z.literal('end'),
    ...place,
    status: z.enum(['finished', 'interrupted', 'failed']),
  }),
]);

/** Whether a record holds metrics. */
export function isMetrics(record: JournalRecord): record is MetricsRecord {
  return 'metrics' in record;
}
