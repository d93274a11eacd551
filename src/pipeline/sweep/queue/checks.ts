import { existsSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { WgradError } from '../../../backend/errors.ts';
import type { DataConfiguration } from '../../config/configuration.ts';
import { dataVersion } from '../../data/datasets.ts';
import { weightsFileSha256 } from '../../experiment/initialWeights.ts';
import { readJson } from '../../files/json.ts';
import { presentCodeVersion } from '../../runs/codeVersion.ts';
import type { Trial } from '../trial.ts';

/** This machine must not run a trial, but another may. */
export class RefusedError extends WgradError {
  override name = 'RefusedError';
}

const versions = new Map<string, Promise<string>>();

/**
 * Checks that this machine has the code, the data and the first weights of a trial.
 *
 * @throws RefusedError where it has others
 */
export async function requireSameVersions(
  { configuration, versions: wanted }: Trial,
  signal: AbortSignal,
): Promise<void> {
  requireEqual('code', wanted.code, presentCodeVersion());
  requireEqual('data', wanted.data, await presentData(configuration.data, signal));
  const { init } = configuration;
  if (init !== undefined)
    requireEqual(`weights in ${init}`, wanted.init, await refusing(weightsFileSha256(init)));
}

const environmentSchema = z.object({ codeVersion: z.string(), dataVersion: z.string().nullable() });
const recordsSchema = environmentSchema.extend({ resumed: z.array(environmentSchema).default([]) });

/**
 * Checks, from the records of a finished run, that it had the code and the data of its trial: both may have changed since
 * `requireSameVersions`.
 *
 * @throws RefusedError where it had others
 */
export async function requireTrueRecords({ path, versions: wanted }: Trial): Promise<void> {
  const first = await readJson(join(path, 'environment.json'), recordsSchema, 'an environment');
  try {
    for (const { codeVersion, dataVersion } of [first, ...first.resumed]) {
      requireEqual('code', wanted.code, codeVersion);
      requireEqual('data', wanted.data, dataVersion ?? 'none');
    }
  } catch (error) {
    // They have changed: otherwise the same trial would be trained in vain again and again.
    versions.clear();
    throw error;
  }
}

function requireEqual(what: string, wanted: string | undefined, present: string): void {
  if (wanted === present) return;
  const [short, other] = [wanted ?? 'none', present].map((version) => version.slice(0, 12));
  throw new RefusedError(`other ${what}: the trial takes ${short}, this machine has ${other}`);
}

/** The version of the data here, found out once for each data set. */
function presentData(data: DataConfiguration, signal: AbortSignal): Promise<string> {
  const { root } = data;
  const isInside = !isAbsolute(root) && !normalize(root).startsWith('..');
  if (!isInside && !existsSync(root)) {
    throw new RefusedError(
      `no data: ${root} does not exist, and is outside of the project, so nothing is downloaded`,
    );
  }
  const key = JSON.stringify(data);
  const found = versions.get(key) ?? dataVersion(data, signal);
  versions.set(key, found);
  // It may be there the next time.
  found.catch(() => versions.delete(key));
  return refusing(found);
}

/** What is missing here may be elsewhere. */
async function refusing<T>(found: Promise<T>): Promise<T> {
  return found.catch((error: unknown) => {
    throw error instanceof WgradError ? new RefusedError(error.message, { cause: error }) : error;
  });
}
