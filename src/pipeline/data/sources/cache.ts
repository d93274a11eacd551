import { readDataFile } from '../dataFile.ts';
import { objectPath } from '../dvc/cache.ts';
import { findProject } from '../dvc/ignore.ts';
import { DataError } from '../errors.ts';
import { type Source } from './source.ts';

/** DVC's cache of the folder's project: every version that was fetched or locked here. */
export function cacheSource(): Source {
  return {
    name: 'cache',
    open({ root }) {
      const project = findProject(root);
      if (project === undefined) return Promise.reject(new DataError(`${root}: not in a DVC project`));
      return Promise.resolve({ read: (file) => readDataFile(objectPath(project, file.md5), file) });
    },
  };
}
