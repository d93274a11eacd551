import { keyHeaders, refusalOf } from '../service.ts';
import type { Filters } from '../worker/messages.ts';

/** What a model says about an image. */
export interface Prediction {
  /** Class name → probability. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** The model, where it ran, and how long it took. */
  readonly origin: string;
  /** Of the first layer; only of models in this browser. */
  readonly activations?: Filters;
}

/** A picture of any size, or an image as a model takes it. */
export type Subject = { readonly blob: Blob } | { readonly pixels: Uint8Array };

/** Classifies by the service's own model. @throws KeyWanted, or an error with the service's message */
export async function askService(subject: Subject, key: string, signal: AbortSignal): Promise<Prediction> {
  const start = performance.now();
  const [type, body] =
    'blob' in subject
      ? [subject.blob.type || 'application/octet-stream', subject.blob]
      : ['application/json', JSON.stringify({ pixels: [...subject.pixels], scale: 255 })];
  const response = await fetch('predict', {
    method: 'POST',
    headers: { 'content-type': type, ...keyHeaders(key) },
    body,
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new Error('The service does not answer. Is it running?');
  });
  if (!response.ok) throw await refusalOf(response);
  const answer = (await response.json()) as {
    model: { name: string; version: number };
    predictions: { probabilities: Record<string, number> }[];
  };
  const { name, version } = answer.model;
  return {
    probabilities: answer.predictions[0]!.probabilities,
    origin: `Model ${name}, version ${version}, on the server, ${milliseconds(performance.now() - start)}`,
  };
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
