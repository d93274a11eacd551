import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format } from 'node:util';
import { vi } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { commandWords } from './built.ts';

/** What a command said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the project in a process of its own, as a user does: `spawnCommand('evaluate', 'latest')`. */
export function spawnCommand(name: string, ...args: string[]): Promise<Outcome> {
  return spawnCommandIn({}, name, ...args);
}

/** As `spawnCommand`, in another folder or with more environment variables. */
export async function spawnCommandIn(
  { cwd = '.', env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv },
  name: string,
  ...args: string[]
): Promise<Outcome> {
  const command = [...(await commandWords(name)), ...args];
  const options = { cwd, env: { ...process.env, ...env }, timeout: 120_000, maxBuffer: 2 ** 24 };
  return new Promise((done) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** What a command listens to until its process ends. */
const HEARD: readonly (readonly [NodeJS.EventEmitter, string])[] = [
  [process.stdout, 'error'],
  [process.stderr, 'error'],
  [process, 'SIGINT'],
  [process, 'SIGTERM'],
  [process, 'SIGHUP'],
];
let calls = 0;
const exitCodeSoFar = (): number => Number(process.exitCode ?? 0);

/**
 * Runs a command in this process: the same texts and exit code without the half second that Node and tsx take to start.
 * For commands that refuse something, or leave nothing open.
 */
export function callCommand(name: string, ...args: string[]): Promise<Outcome> {
  return callMain(`src/${name}.ts`, ...args);
}

/** As `callCommand`, for a program at another path of the repository. */
export async function callMain(path: string, ...args: string[]): Promise<Outcome> {
  const printed = { stdout: '', stderr: '' };
  const { argv, exitCode } = process;
  const before = HEARD.map(([emitter, event]) => emitter.listeners(event));
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk, ...rest: unknown[]) => {
      printed[stream] += String(chunk);
      const written = rest.at(-1);
      if (typeof written === 'function') (written as () => void)();
      return true;
    }),
  );
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    printed.stdout += `${format(...values)}\n`;
  });
  try {
    process.argv = [process.execPath, path, ...args];
    process.exitCode = undefined;
    // Another address each time: a module that was imported before does not run again.
    const address = `${resolve(path)}?call=${calls++}`;
    await import(address);
    return { code: exitCodeSoFar(), ...printed };
  } finally {
    for (const spy of [...spies, log]) spy.mockRestore();
    HEARD.forEach(([emitter, event], at) => {
      const added = emitter.listeners(event).filter((listener) => !before[at]!.includes(listener));
      for (const listener of added) emitter.off(event, listener as () => void);
    });
    process.argv = argv;
    process.exitCode = exitCode;
  }
}

/** Trains a tiny network on a few real images, on the CPU, into a folder of runs. */
export async function trainTiny(root: string, ...overrides: string[]): Promise<void> {
  await fetchFashionMnist('data/raw');
  const { code, stderr } = await spawnCommand(
    'train',
    'configs/mlp.yaml',
    'device=cpu',
    'data.validation=200',
    'train.epochs=2',
    'train.limitTrain=500',
    'train.limitTest=300',
    'train.batchSize=50',
    'train.logEvery=4',
    'model.hidden=[16]',
    `run.dir=${root}`,
    ...overrides,
  );
  if (code !== 0) throw new Error(stderr);
}

/** A copy of the latest run of `root`, to be damaged: the new folder of runs, and the copy's folder. */
export function copyLatest(root: string): { root: string; path: string } {
  const folder = temporaryFolder();
  const path = join(folder, 'copy');
  cpSync(join(root, 'latest'), path, { recursive: true, dereference: true });
  return { root: folder, path };
}
