import { fileURLToPath } from 'node:url';
import { WgradError } from '../../../backend/errors.ts';
import { openMlflowFiles } from './fileStore.ts';
import { openMlflowServer } from './server.ts';
import type { OpenTracker } from '../tracker.ts';

/**
 * MLflow, where `MLFLOW_TRACKING_URI` says: a server (`http://…`), which gets all over REST, or a folder (`file:…` or a
 * path; by default `mlruns`), in the layout of MLflow's file store, which `mlflow migrate-filestore` imports.
 */
export const openMlflow: OpenTracker = async (run, past, live) => {
  const uri = process.env['MLFLOW_TRACKING_URI'] || 'mlruns';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return openMlflowServer(uri)(run, past, live);
  if (scheme === undefined) return openMlflowFiles(uri)(run, past, live);
  if (scheme === 'file') return openMlflowFiles(folderOf(uri))(run, past, live);
  throw new WgradError(
    `MLFLOW_TRACKING_URI takes http://…, https://…, file:… or a folder; got one that begins with ${scheme}:`,
  );
};

/** MLflow takes `file:mlruns` and `file:///srv/mlruns`. */
function folderOf(uri: string): string {
  return uri.startsWith('file://') ? fileURLToPath(uri) : uri.slice('file:'.length);
}
