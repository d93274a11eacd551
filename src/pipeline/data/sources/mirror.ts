import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../files/fileError.ts';
import { makeFolders } from '../../files/folders.ts';
import { type DataFile, decodeDataFile, maxCompressedBytes } from '../dataFile.ts';
import { DataError, oneLine } from '../errors.ts';
import { download, DownloadError, type DownloadTiming } from './download.ts';
import { type Source, type SourceContext } from './source.ts';

/**
 * The data set's public mirrors: the bucket behind the address in its README (whose website address answers plain HTTP
 * only), and the repository of the README.
 */
export const MIRRORS: readonly string[] = [
  'https://fashion-mnist.s3.eu-central-1.amazonaws.com/',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
];

export interface MirrorSourceOptions {
  /** Base addresses, each ending in a slash, in order; default {@link MIRRORS}. */
  readonly mirrors?: readonly string[];
  readonly timing?: Partial<DownloadTiming>;
}

/**
 * The public mirrors. An interrupted download stays in the folder as `<name>.gz.<host>.part` and is continued later, also
 * by another process.
 */
export function mirrorSource(options: MirrorSourceOptions = {}): Source {
  const mirrors = options.mirrors ?? MIRRORS;
  return {
    name: 'mirror',
    open(context) {
      // Mirrors that do not answer are not asked for the next file: each attempt may cost a timeout.
      const unreachable = new Map<string, string>();
      const read = async (file: DataFile): Promise<Buffer> => {
        const reasons: string[] = [];
        for (const mirror of mirrors) {
          const known = unreachable.get(mirror);
          if (known !== undefined) {
            reasons.push(known);
            continue;
          }
          try {
            const bytes = await readFromMirror(mirror, file, context, options.timing ?? {});
            for (const other of mirrors) await rm(partPath(context.root, file, other), { force: true });
            return bytes;
          } catch (error) {
            context.signal.throwIfAborted();
            if (error instanceof FileError) throw error;
            reasons.push(oneLine(error));
            if (error instanceof DownloadError && error.kind === 'unreachable') {
              unreachable.set(mirror, oneLine(error));
            }
          }
        }
        throw new DataError(reasons.join('; '));
      };
      return Promise.resolve({ read });
    },
  };
}

async function readFromMirror(
  mirror: string,
  file: DataFile,
  { root, signal, reporter }: SourceContext,
  timing: Partial<DownloadTiming>,
): Promise<Buffer> {
  const url = new URL(`${file.name}.gz`, mirror);
  const part = partPath(root, file, mirror);
  makeFolders(root);
  for (;;) {
    const resumed = existsSync(part);
    try {
      await download(url, part, {
        ...timing,
        maxBytes: maxCompressedBytes(file),
        signal,
        onProgress: (received, total) => reporter.progress(`${file.name} (${url.host})`, received, total),
      });
    } finally {
      reporter.progressEnd();
    }
    try {
      return decodeDataFile(await readFile(part), file, url.href);
    } catch (error) {
      await rm(part, { force: true });
      // The old part may be of another version of the file.
      if (!resumed) throw error;
      reporter.note(`${url.href}: the continued download is not the published file; starting again`);
    }
  }
}

function partPath(root: string, file: DataFile, mirror: string): string {
  return join(root, `${file.name}.gz.${new URL(mirror).host.replaceAll(':', '-')}.part`);
}
