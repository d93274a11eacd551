import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { isLocked } from '../../../src/pipeline/files/lock.ts';
import { temporaryFolder } from './disks.ts';

const module = new URL('../../../src/pipeline/files/lock.ts', import.meta.url).href;

/** A process that takes the lock of a folder as soon as it gets it, and keeps it; it prints `taken` or `refused`. */
function contender(folder: string): ChildProcess {
  const code = `
    import { lockFolder } from ${JSON.stringify(module)};
    try {
      await lockFolder(${JSON.stringify(folder)});
      console.log('taken');
      setInterval(() => undefined, 1000);
    } catch (error) {
      console.log('refused', error.name);
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString().trim();
}

it('goes to one of several processes, and to one of several more when that one is killed', async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 2; round++) {
    const children = Array.from({ length: 4 }, () => contender(folder));
    const words = await Promise.all(children.map(firstWords));
    expect(words.filter((word) => word === 'taken')).toHaveLength(1);
    expect(words.filter((word) => word === 'refused LockedError')).toHaveLength(3);
    const holder = children[words.indexOf('taken')]!;
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await isLocked(folder)).toBe(false);
  }
});
