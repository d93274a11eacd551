import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

/** What a command said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the project as a user would: `runCommand('evaluate', 'latest', '--json')`. */
export function runCommand(name: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', `src/${name}.ts`, ...args];
    execFile(process.execPath, command, { timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** Trains a tiny network on a few real images, on the CPU, into a folder of runs. */
export async function trainTiny(root: string, ...overrides: string[]): Promise<void> {
  await fetchFashionMnist('data/raw');
  const { code, stderr } = await runCommand(
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
