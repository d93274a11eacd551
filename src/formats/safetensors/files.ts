import { platform } from '#platform';
import type { Tensor } from '../../tensor/tensor.ts';
import { takes, takesAtMost } from './arguments.ts';
import { type Entries, SafetensorsError } from './format.ts';
import { type LoadedSafetensors, type LoadOptions, loadSafetensors } from './load.ts';
import { stateParts } from './save.ts';

/**
 * Writes tensors to a safetensors file: see {@link saveSafetensors}. The file is replaced atomically: after an error or
 * a crash it has its old contents. Browsers have no files; use {@link saveSafetensors} there.
 *
 * @throws SafetensorsError if the file cannot be written, and the errors of {@link saveSafetensors}
 * @example await saveSafetensorsFile('model.safetensors', model.stateDict(), { epoch: '3' });
 */
export async function saveSafetensorsFile(
  path: string,
  state: Entries<Tensor>,
  metadata: Entries<string> = {},
): Promise<void> {
  takesAtMost('saveSafetensorsFile', 3, arguments);
  checkPath('saveSafetensorsFile', path);
  const parts = await stateParts('saveSafetensorsFile', state, metadata);
  await platform.replaceFile(path, parts).catch((error: unknown) => {
    throw failed(`${path}: cannot be written`, error);
  });
}

/**
 * Reads a safetensors file: see {@link loadSafetensors}. Browsers have no files; fetch the bytes there.
 *
 * @throws SafetensorsError naming the file, if it cannot be read or is rejected
 * @example
 * const { tensors } = await loadSafetensorsFile('model.safetensors');
 * model.loadStateDict(tensors);
 */
export async function loadSafetensorsFile(path: string, options?: LoadOptions): Promise<LoadedSafetensors> {
  takesAtMost('loadSafetensorsFile', 2, arguments);
  checkPath('loadSafetensorsFile', path);
  const bytes = await platform.readFile(path).catch((error: unknown) => {
    throw failed(`${path}: cannot be read`, error);
  });
  try {
    return loadSafetensors(bytes, options);
  } catch (error) {
    throw error instanceof SafetensorsError ? failed(path, error) : error;
  }
}

function checkPath(operation: string, path: unknown): void {
  takes(operation, typeof path === 'string', 'path', 'the path of a file as a string', path);
}

function failed(what: string, error: unknown): SafetensorsError {
  return new SafetensorsError(`${what}: ${(error as Error).message}`, { cause: error });
}
