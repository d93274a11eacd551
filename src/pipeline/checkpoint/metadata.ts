import { z } from 'zod';
import { type DataDescription, descriptionSchema, FASHION_MNIST_DESCRIPTION } from '../data/description.ts';
import type { GradScalerState, SavedGroup } from '../../optim/index.ts';
import type { RngState } from '../../tensor/random.ts';

/** The position of a training. */
export interface Position {
  /** Epochs finished, their validation included. */
  epoch: number;
  /** Optimizer steps taken. */
  step: number;
}

/** The best value of a metric so far, and its epoch. */
export interface BestState {
  /** Null before the first epoch. */
  readonly value: number | null;
  /** The epoch that had it, 0 before the first. */
  readonly epoch: number;
  /** Epochs without improvement since. */
  readonly stale: number;
}

const bestState: z.ZodType<BestState> = z.strictObject({
  value: z.number().nullable(),
  epoch: z.int().min(0),
  stale: z.int().min(0),
});

/** The counts of a training at a checkpoint, besides its position. */
export interface Progress {
  /** The best validation so far, by `train.best`. */
  readonly best: BestState;
  /** The best validation so far, by `train.earlyStopping`. */
  readonly stopping: BestState;
  readonly samples: number;
  /** Seconds of training on these. */
  readonly trainingSeconds: number;
  /** Seconds since the start, without those between a kill and the resumption. */
  readonly seconds: number;
}

/** The metadata of a checkpoint. */
export interface CheckpointMetadata {
  readonly position: Position;
  readonly optimizerSteps: number[];
  readonly optimizerGroups: SavedGroup[];
  readonly schedule?: Readonly<Record<string, number | null | number[]>>;
  /** For a training with float16 factors. */
  readonly scaler?: GradScalerState;
  readonly progress: Progress;
  /** The state of the random numbers (for dropout). */
  readonly random: RngState;
  /** The device of the training. */
  readonly device: string;
  /** The run's resolved configuration, as YAML. */
  readonly configuration: string;
  /** Left out by versions that trained on Fashion-MNIST only. */
  readonly data?: DataDescription;
}

const count = z.int().min(0);
const duration = z.number().min(0);

const progress: z.ZodType<Progress> = z.strictObject({
  best: bestState,
  stopping: bestState,
  samples: count,
  trainingSeconds: duration,
  seconds: duration,
});

/** A metadata entry that holds JSON. */
function json<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('no JSON');
        return z.NEVER;
      }
    })
    .pipe(schema);
}

const metadata = z.object({
  epoch: json(count),
  step: json(count),
  optimizerSteps: json(z.array(count)),
  optimizerGroups: json(z.array(z.looseObject({ params: z.array(count) }))),
  schedule: json(z.record(z.string(), z.union([z.number(), z.null(), z.array(z.number())]))).exactOptional(),
  scaler: json(z.strictObject({ scale: z.number(), growthTracker: count, skipped: count })).exactOptional(),
  progress: json(progress),
  random: json(z.strictObject({ seed: count, stream: count })),
  device: z.string(),
  configuration: z.string(),
  data: json(descriptionSchema).exactOptional(),
});

/** The description of the data in a file's metadata; undefined where it is unusable. */
export function decodeDescription(entries: ReadonlyMap<string, string>): DataDescription | undefined {
  const text = entries.get('data');
  if (text === undefined) return FASHION_MNIST_DESCRIPTION;
  return json(descriptionSchema).safeParse(text).data;
}

/** The entries of a file's metadata; values that are not strings become JSON. */
export function encodeMetadata({
  position,
  ...others
}: Partial<CheckpointMetadata> & { readonly position: Position }): Record<string, string> {
  const entries = Object.entries({ ...position, ...others }).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The metadata of the entries; or, as a text, which of them are missing or unusable. */
export function decodeMetadata(entries: ReadonlyMap<string, string>): CheckpointMetadata | string {
  const result = metadata.safeParse(Object.fromEntries(entries));
  if (!result.success) {
    return [...new Set(result.error.issues.map(({ path }) => String(path[0])))].join(', ');
  }
  const { epoch, step, ...others } = result.data;
  return { position: { epoch, step }, ...others };
}
