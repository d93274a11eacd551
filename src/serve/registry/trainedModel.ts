import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { loadConfiguration } from '../../pipeline/config/configuration.ts';
import type { TrainedModel } from '../../pipeline/evaluation/trained.ts';
import { openRun } from '../../pipeline/runs/open.ts';
import { resolveRun } from '../../pipeline/runs/directory.ts';
import { configurationOf, descriptionOf, loadModel } from './loadModel.ts';
import { isModelFolder, openModelFolder } from './modelFolder.ts';
import { resolveModel } from './reference.ts';

/** The folders that are searched for trained models. */
export interface TrainedModelRoots {
  readonly runs: string;
  readonly models: string;
}

/**
 * Finds a run (`latest`, an id, or a folder) or a model of the registry (`NAME`, `NAME@ALIAS`, `NAME/VERSION`, or its
 * folder). If both have the name, the run is taken.
 *
 * @throws WgradError listing what exists, if there is neither; or naming the error in the files
 * @example const { configuration, load } = await findTrainedModel('cnn@champion', { runs: 'runs', models: 'models' });
 */
export async function findTrainedModel(reference: string, roots: TrainedModelRoots): Promise<TrainedModel> {
  const run = await resolveRun(roots.runs, reference).catch(asWgradError);
  if (typeof run === 'string' && !(await isModelFolder(run))) return trainedRun(await realpath(run));
  const model = await resolveModel(roots.models, reference).catch(asWgradError);
  if (!(model instanceof WgradError)) return promoted(model.path);
  throw run instanceof WgradError ? new WgradError(`${run.message}\n${model.message}`) : model;
}

function trainedRun(path: string): TrainedModel {
  return {
    name: basename(path),
    configuration: loadConfiguration(join(path, 'config.yaml')),
    run: path,
    load: () => openRun('', path),
  };
}

async function promoted(path: string): Promise<TrainedModel> {
  const folder = await openModelFolder(path);
  const { name, version } = folder.record;
  return {
    name: `${name}/${version}`,
    configuration: configurationOf(folder),
    run: undefined,
    load: () => Promise.resolve({ model: loadModel(folder), data: descriptionOf(folder.record) }),
  };
}

function asWgradError(error: unknown): WgradError {
  if (error instanceof WgradError) return error;
  throw error;
}
