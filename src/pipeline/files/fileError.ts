import { WgradError } from '../../backend/errors.ts';

/** A file or folder that cannot be written or read; the message names it, says why and what to do. */
export class FileError extends WgradError {
  override name = 'FileError';
  readonly path: string;
  /** The system's code (`ENOSPC`, `EACCES`), where it was the system that refused. */
  readonly code: string | undefined;

  constructor(path: string, reason: string, options?: ErrorOptions & { code?: string | undefined }) {
    super(`${path}: ${reason}`, options);
    this.path = path;
    this.code = options?.code;
  }
}

const noSpace = 'the disk is full; free space or choose a folder on another disk';
const noPermission = 'it is not writable for this user; change its permissions or choose another folder';

const writeReasons: Readonly<Record<string, string>> = {
  ENOSPC: noSpace,
  EDQUOT: 'the disk quota is used up; free space or choose a folder on another disk',
  EFBIG: 'it would be larger than the file system allows; choose a folder on another disk',
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: 'the file system is read-only, so it is not writable; choose another folder',
  ENOENT: 'its folder does not exist; create it first',
  ENOTDIR: 'something on the way to it is a file where a folder is needed; choose another folder',
  EEXIST: 'there is a file of this name where a folder is needed; choose another folder',
  EISDIR: 'there is a folder of this name; remove it or choose another name',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
};

/** The FileError for what the system answered when `path` was to be written. */
export function writeError(path: string, error: unknown): FileError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = writeReasons[code ?? ''] ?? message;
  return new FileError(path, `cannot be written: ${reason}${code ? ` (${code})` : ''}`, {
    code,
    cause: error,
  });
}

const readReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it; change its permissions',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

/** The FileError for what the system (or the text decoder) answered when `path` was to be read. */
export function readError(path: string, error: unknown): FileError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new FileError(path, `cannot be read: ${readReasons[code ?? ''] ?? message}`, { code, cause: error });
}
