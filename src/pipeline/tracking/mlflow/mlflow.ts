import { fileURLToPath } from 'node:url';
import { WgradError } from '../../../backend/errors.ts';
import { openMlflowFiles } from './fileStore.ts';
import { openMlflowServer } from './server.ts';
import type { OpenTracker } from '../tracker.ts';

/**
 * MLflow at `MLFLOW_TRACKING_URI`: a server (`http://…`), by REST, or a folder (`file:…` or a path; default `mlruns`), in
 * the layout of MLflow's file store, which `mlflow migrate-filestore` imports.
 */
export const openMlflow: OpenTracker = async (run, past, live) => {
  const uri = process.env['MLFLOW_TRACKING_URI'] || 'mlruns';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return openMlflowServer(uri)(run, past, live);
  if (/^(databricks|databricks-uc|uc)$/.test(uri)) {
    throw new WgradError(
      `MLFLOW_TRACKING_URI=${uri} is not supported: it takes http://…, https://…, file:… or a folder (./${uri} for one of that name)`,
    );
  }
  if (scheme === undefined) return openMlflowFiles(uri)(run, past, live);
  // MLflow takes `file:mlruns` and `file:///srv/mlruns`.
  const folder = uri.startsWith('file://') ? fileURLToPath(uri) : uri.slice('file:'.length);
  if (scheme === 'file') return openMlflowFiles(folder)(run, past, live);
  throw new WgradError(
    `MLFLOW_TRACKING_URI takes http://…, https://…, file:… or a folder; got one that begins with ${scheme}:`,
  );
};
