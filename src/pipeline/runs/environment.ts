import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Backend } from '../../backend/backend.ts';
import type { Datasets } from '../data/datasets.ts';
import { tryReadJson } from '../files/json.ts';
import { codeVersion } from './codeVersion.ts';

/** `environment.json`: what a run ran on. It holds no environment variables. */
export interface Environment {
  /** When it was collected, at the start of the run (ISO 8601, UTC). */
  readonly startedAt: string;
  /** The command line, from the Node executable on. */
  readonly commandLine: readonly string[];
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly osRelease: string;
  readonly arch: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memoryBytes: number;
  /** Versions; null where the package is not installed. */
  readonly packages: { readonly wgrad: string | null; readonly webgpu: string | null };
  /** The commit of wgrad's own checkout and whether files differ from it; null outside a checkout or without git. */
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** See `codeVersion`. */
  readonly codeVersion: string;
  /** As given by the backend; null on the CPU. */
  readonly adapter: unknown;
  /** As given by the data source; null where it gave none. */
  readonly dataChecksums: unknown;
  /** Hash of the data's folder, `<md5>.dir`; null where the data have no version. */
  readonly dataVersion: string | null;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Collects what a run runs on, without device and data (null); see `withDeviceAndData`. It never fails.
 */
export async function collectEnvironment(): Promise<Environment> {
  const git = gitState(root); // runs meanwhile
  const processors = cpus();
  return {
    startedAt: new Date().toISOString(),
    commandLine: [...process.argv],
    node: process.versions.node,
    v8: process.versions.v8,
    platform: platform(),
    osRelease: release(),
    arch: arch(),
    cpu: { model: processors[0]?.model.trim() ?? 'unknown', cores: processors.length },
    memoryBytes: totalmem(),
    packages: { wgrad: await versionIn(`${root}package.json`), webgpu: await versionOf('webgpu') },
    codeVersion: codeVersion(),
    git: await git,
    adapter: null,
    dataChecksums: null,
    dataVersion: null,
  };
}

/** The environment with what became known later. */
export function withDeviceAndData(
  environment: Environment,
  { info }: Pick<Backend, 'info'>,
  { checksums, dataVersion }: Pick<Datasets, 'checksums' | 'dataVersion'>,
): Environment {
  return { ...environment, adapter: info, dataChecksums: checksums, dataVersion };
}

/** A device as records name it: `webgpu: llvmpipe …`. */
export function deviceText({ name, description }: Pick<Backend, 'name' | 'description'>): string {
  return `${name}: ${description}`;
}

/** The version of an installed package; null where it is not installed. */
export async function versionOf(packageName: string): Promise<string | null> {
  try {
    return await versionIn(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  } catch {
    return null; // `resolve` did not find it
  }
}

async function versionIn(path: string): Promise<string | null> {
  return (await tryReadJson<{ version?: string }>(path))?.version ?? null;
}

/** The commit checked out in `folder` and whether anything there differs from it; null where git cannot say. */
export function gitState(folder: string): Promise<Environment['git']> {
  return askGit(folder).catch(() => null);
}

/** As `gitState`; throws what git says where it fails. */
export async function askGit(folder: string): Promise<Environment['git']> {
  const git = async (...args: string[]): Promise<string> => {
    // Without optional locks, which could block other git commands.
    const all = ['--no-optional-locks', '-C', folder, ...args];
    const { stdout } = await promisify(execFile)('git', all, { timeout: 10_000, maxBuffer: 2 ** 26 });
    return stdout.trim();
  };
  // One process for both facts: starting one takes time.
  const status = await git('status', '--porcelain=v2', '--branch');
  const commit = /^# branch\.oid (\w+)$/m.exec(status)?.[1];
  return commit === undefined ? null : { commit, dirty: /^[^#]/m.test(status) };
}
