import { join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { BEST } from '../../pipeline/checkpoint/files.ts';
import { resolveRun } from '../../pipeline/runs/directory.ts';
import { isModelFolder, WEIGHTS } from './modelFolder.ts';
import { resolveModel } from './reference.ts';
import type { TrainedModelRoots } from './trainedModel.ts';

/**
 * The file with the weights of a run (`latest`, an id, or a folder) or of a model of the registry (`NAME`, `NAME@ALIAS`,
 * `NAME/VERSION`, or its folder); a `.safetensors` file is taken as it is.
 *
 * @throws WgradError listing what exists, if there is no such run or model
 * @example await findWeights('mlp@champion', { runs: 'runs', models: 'models' }) // 'models/mlp/1/weights.safetensors'
 */
export async function findWeights(reference: string, roots: TrainedModelRoots): Promise<string> {
  if (reference.endsWith('.safetensors')) return reference;
  const run = await resolveRun(roots.runs, reference).catch(asWgradError);
  if (typeof run === 'string' && !(await isModelFolder(run))) return join(run, 'checkpoints', BEST);
  const model = await resolveModel(roots.models, reference).catch(asWgradError);
  if (!(model instanceof WgradError)) return join(model.path, WEIGHTS);
  throw run instanceof WgradError ? new WgradError(`${run.message}\n${model.message}`) : model;
}

function asWgradError(error: unknown): WgradError {
  if (error instanceof WgradError) return error;
  throw error;
}
