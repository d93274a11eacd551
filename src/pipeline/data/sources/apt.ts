import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readDataFile } from '../dataFile.ts';
import { DataError, oneLine } from '../errors.ts';
import { DEBIAN_FOLDER, DEBIAN_PACKAGE } from './debian.ts';
import { type Source, type SourceContext } from './source.ts';

export interface AptSourceOptions {
  /** Further options for apt-get, `['-o', 'Name=value']`. */
  readonly aptOptions?: readonly string[];
}

const TIME_LIMIT_MS = 15 * 60_000;

/**
 * Debian's package, downloaded by apt-get (which checks its signature) and unpacked by dpkg-deb into a
 * temporary folder. Nothing is installed and no root is needed.
 */
export function aptSource(options: AptSourceOptions = {}): Source {
  return {
    name: 'apt',
    async open(context) {
      const folder = await mkdtemp(join(tmpdir(), 'wgrad-apt-'));
      const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
      try {
        const unpacked = join(folder, 'unpacked');
        const archive = await downloadPackage(folder, options.aptOptions ?? [], context);
        await run('dpkg-deb', ['--extract', archive, unpacked], folder, context.signal);
        return {
          read: (file) => readDataFile(join(unpacked, DEBIAN_FOLDER, `${file.name}.gz`), file),
          close,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/** @returns the path of the downloaded package */
async function downloadPackage(
  folder: string,
  aptOptions: readonly string[],
  { reporter, signal }: SourceContext,
): Promise<string> {
  for (const path of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(folder, path), { recursive: true });
  }
  const common = [
    ...['--quiet', '-o', `Dir::Cache=${join(folder, 'cache')}`, '-o', 'Acquire::Retries=1'],
    ...['-o', 'Acquire::http::Timeout=5', '-o', 'Acquire::https::Timeout=5'],
    // As root, apt would drop to a user who may not enter the temporary folder. Others ignore this option.
    ...['-o', 'APT::Sandbox::User=root', ...aptOptions],
  ];
  const aptGet = (...args: string[]): Promise<void> => run('apt-get', [...common, ...args], folder, signal);

  reporter.note(`apt-get: downloading ${DEBIAN_PACKAGE} (31 MB)`);
  try {
    await aptGet('download', DEBIAN_PACKAGE);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    reporter.note('apt-get: reading fresh package lists into a temporary folder');
    const lists = ['-o', `Dir::State::Lists=${join(folder, 'lists')}`];
    // A broken third-party repository fails the update, yet the package may be in another one. The complaint is kept,
    // as the download would only say that there is no such package.
    const strict = ['-o', 'APT::Update::Error-Mode=any'];
    const complaint = await aptGet(...lists, ...strict, 'update').then(() => undefined, oneLine);
    await aptGet(...lists, 'download', DEBIAN_PACKAGE).catch((second: unknown) => {
      throw new DataError([complaint, oneLine(second)].filter(Boolean).join('; '), {}, second);
    });
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new DataError('apt-get download: left no package');
  return join(folder, archive);
}

/** Whether fresh package lists cannot help: the program or the network is missing. */
function isUnavailable(error: unknown): boolean {
  return /is not installed|could not (connect|resolve)|temporary failure resolving/i.test(oneLine(error));
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await promisify(execFile)(program, args, {
      cwd,
      signal,
      timeout: TIME_LIMIT_MS,
      maxBuffer: 16 * 2 ** 20,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    signal.throwIfAborted();
    const { code, killed, stderr = '' } = error as { code?: unknown; killed?: boolean; stderr?: string };
    const command = `${program} ${args.find((arg) => /^(--extract|update|download)$/.test(arg)) ?? ''}`;
    if (code === 'ENOENT') throw new DataError(`${program} is not installed`, {}, error);
    const complaints = stderr.split('\n').filter((line) => /^(E|dpkg-deb: error):/.test(line));
    const reason = killed
      ? `not done after ${TIME_LIMIT_MS / 60_000} minutes`
      : complaints.slice(0, 3).join(' ') || String(code);
    throw new DataError(`${command}: ${reason}`, {}, error);
  }
}
