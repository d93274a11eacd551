import { join } from 'node:path';
import { z } from 'zod';
import { tryReadJson, writeJson } from '../../files/json.ts';

/**
 * `mlflow.json` in the run's folder: what a server has confirmed of a run. The rest of the journal is still to be sent.
 */
export interface MlflowState {
  /** Its address, without credentials. */
  server: string;
  experimentId?: string | undefined;
  runId?: string | undefined;
  artifactUri?: string | undefined;
  /** Whether parameters, tags and data set are sent. */
  described: boolean;
  /** The tags and notes sent. */
  labels?: Record<string, string> | undefined;
  /** The last step sent of each metric. */
  steps: Record<string, number>;
  /** Names of the pictures sent. */
  pictures: string[];
  /** The status that the server was told at an end. */
  status?: string | undefined;
  /** The name under which the model is registered. */
  model?: string | undefined;
}

const stateSchema: z.ZodType<MlflowState> = z.strictObject({
  server: z.string(),
  experimentId: z.string().optional(),
  runId: z.string().optional(),
  artifactUri: z.string().optional(),
  described: z.boolean(),
  labels: z.record(z.string(), z.string()).optional(),
  steps: z.record(z.string(), z.int()),
  pictures: z.array(z.string()),
  status: z.string().optional(),
  model: z.string().optional(),
});

/** The state for `server`; an empty one where there is none, it is of another server, or it is unusable. */
export async function readState(folder: string, server: string): Promise<MlflowState> {
  const { data: state } = stateSchema.safeParse(await tryReadJson(statePath(folder)));
  // Without a state, the server is asked for the run by its tag, and drops what it has already.
  return state?.server === server ? state : { server, described: false, steps: {}, pictures: [] };
}

export async function writeState(folder: string, state: MlflowState): Promise<void> {
  await writeJson(statePath(folder), state);
}

function statePath(folder: string): string {
  return join(folder, 'mlflow.json');
}
