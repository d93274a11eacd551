/** What a model says about a picture. */
export interface Prediction {
  /** Class name → probability. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** The model, where it ran, and how long it took. */
  readonly origin: string;
}

/** The service wants a key. */
export class KeyWanted extends Error {}

/** Classifies a picture by the service's own model. @throws KeyWanted, or an error with the service's message */
export async function askService(blob: Blob, key: string, signal: AbortSignal): Promise<Prediction> {
  const start = performance.now();
  const response = await fetch('/predict', {
    method: 'POST',
    headers: {
      'content-type': blob.type || 'application/octet-stream',
      ...(key !== '' && { 'x-api-key': key }),
    },
    body: blob,
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new Error('The service does not answer. Is it running?');
  });
  const body = (await response.json()) as {
    error?: string;
    model: { name: string; version: number };
    predictions: { probabilities: Record<string, number> }[];
  };
  if (response.status === 401) throw new KeyWanted(body.error);
  if (!response.ok) throw new Error(body.error);
  const { name, version } = body.model;
  return {
    probabilities: body.predictions[0]!.probabilities,
    origin: `Model ${name}, version ${version}, on the server, ${milliseconds(performance.now() - start)}`,
  };
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
