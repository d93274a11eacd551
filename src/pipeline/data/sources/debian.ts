import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataFile } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { type Source } from './source.ts';

/** The Debian and Ubuntu package that holds the data set. */
export const DEBIAN_PACKAGE = 'dataset-fashion-mnist';

/** The folder of that package's files, each as `<name>.gz`. */
export const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

/** The files of Debian's package where it is installed. */
export function debianSource(folder: string = DEBIAN_FOLDER): Source {
  return {
    name: 'debian',
    async open() {
      await access(folder).catch((error: unknown) => {
        throw new DataError(`${folder}: the package ${DEBIAN_PACKAGE} is not installed`, {}, error);
      });
      return { read: (file) => readDataFile(join(folder, `${file.name}.gz`), file) };
    },
  };
}
