import type { Configuration, ModelConfiguration } from '../../../../pipeline/config/schema.ts';
import type { DataDescription } from '../../../../pipeline/data/description.ts';
import type { Benchmark } from '../benchmarks.ts';

/** A device's name, or the best that there is. */
export type DeviceChoice = 'auto' | 'webgpu' | 'cpu';

/** What the page asks its workers. */
export type Request =
  | {
      readonly kind: 'train';
      readonly configuration: Configuration;
      readonly key: string;
      /** The files of Fashion-MNIST, where the visitor has chosen them. */
      readonly files?: readonly File[];
    }
  | { readonly kind: 'pause' | 'resume' | 'stop' }
  | { readonly kind: 'measure'; readonly device: DeviceChoice; readonly benchmarks: readonly Benchmark[] }
  | ({ readonly kind: 'open'; readonly device: DeviceChoice } & StoredModel)
  /** Asks which network weights belong to. */
  | { readonly kind: 'inspect'; readonly weights: Uint8Array }
  | { readonly kind: 'classify'; readonly id: number; readonly pixels: Uint8Array };

/** A network with its weights. */
export interface StoredModel {
  readonly model: ModelConfiguration;
  readonly data: DataDescription;
  /** A safetensors file. */
  readonly weights: Uint8Array;
}

export interface DeviceFacts {
  readonly name: string;
  readonly description: string;
}

/** How well a model does on some images. */
export interface Judgement {
  readonly accuracy: number;
  readonly loss: number;
  /** confusion[label][prediction]. */
  readonly confusion: readonly (readonly number[])[];
  readonly images: number;
}

/** What a classifier says about an image. */
export interface Classified {
  readonly probabilities: Float32Array;
  readonly milliseconds: number;
  /** Of a network that is a sequence of layers. */
  readonly activations?: Filters;
}

/** Pictures of the first layer, its weights or its activations, row by row. */
export interface Filters {
  readonly values: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** The training metrics since the last report. */
export interface Progress {
  readonly epoch: number;
  /** Steps since the start. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number;
  readonly samplesPerSecond: number;
}

export interface Outcome {
  /** Whether the page stopped it before its last epoch. */
  readonly stopped: boolean;
  readonly test: Judgement;
  readonly epochs: number;
  readonly steps: number;
  /** 0 if no epoch was finished. */
  readonly bestEpoch: number;
  readonly samplesPerSecond: number;
  /** Seconds of training, without pauses. */
  readonly seconds: number;
  readonly parameters: number;
  /** The best weights, as a safetensors file. */
  readonly weights: Uint8Array;
}

/** What a training says while it runs. */
export type TrainingEvent =
  | ({ readonly kind: 'progress' } & Progress)
  | ({ readonly kind: 'filters' } & Filters)
  /** `epoch` is undefined while an epoch is running. */
  | {
      readonly kind: 'validation';
      readonly epoch: number | undefined;
      readonly step: number;
      readonly judgement: Judgement;
    };

/** What a worker answers. */
export type Answer =
  | TrainingEvent
  | { readonly kind: 'download'; readonly received: number; readonly total: number }
  | { readonly kind: 'device'; readonly device: DeviceFacts; readonly note: string | undefined }
  | ({ readonly kind: 'finished'; readonly configuration: Configuration } & Outcome)
  | { readonly kind: 'paused' | 'resumed' | 'opened' | 'measured' }
  /** Sent before and after each benchmark; `at` is its place in the request. */
  | { readonly kind: 'measuring'; readonly at: number; readonly milliseconds: number | undefined }
  | { readonly kind: 'inspected'; readonly model: ModelConfiguration }
  | ({ readonly kind: 'classified'; readonly id: number } & Classified)
  | { readonly kind: 'failed'; readonly message: string; readonly keyWanted: boolean };
