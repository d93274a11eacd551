import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deserialize } from 'node:v8';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Archive,
  archivePlace,
  inputOf,
  readArchive,
  ROOT,
  writeArchive,
} from '../../src/start/archive.ts';
import { makeBundle } from '../../src/start/bundle.ts';
import { temporaryFolder } from '../experiment/disks.ts';

/** A command that says what could differ between a bundle and its modules. */
const COMMAND = `
import { Marked } from './marked.ts';
export async function main(args: string[], files: [string, string][]): Promise<void> {
  const hashed = files.some(([path, hash]) => path.endsWith('later.ts') && /^[0-9a-f]{64}$/.test(hash));
  const trace = new Error('here').stack!.split('\\n')[1]!.trim();
  const name = new Marked().constructor.name;
  const { later } = await import('./later.ts');
  const bundled = typeof module === 'object';
  console.log(JSON.stringify({ args, url: import.meta.url, trace, name, later, bundled, hashed }));
}
class Other { static Marked = class Marked {}; }
void Other;
`;

function makeCommand(): { folder: string; place: string } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'command.ts'), COMMAND);
  writeFileSync(join(folder, 'marked.ts'), 'export class Marked {}\n');
  writeFileSync(join(folder, 'later.ts'), 'export const later: number = 1;\n');
  const start = pathToFileURL(join(ROOT, 'src/start/start.ts')).href;
  writeFileSync(
    join(folder, 'run.ts'),
    `import { start } from ${JSON.stringify(start)};
await start(new URL('./command.ts', import.meta.url), () => import('./command.ts'));`,
  );
  const place = archivePlace(join(folder, 'command.ts'));
  onTestFinished(() => {
    for (const extension of ['bin', 'map']) rmSync(`${place}.${extension}`, { force: true });
  });
  return { folder, place };
}

function runFrom(folder: string, env: Record<string, string> = {}): Record<string, unknown> {
  const args = ['--import', 'tsx', join(folder, 'run.ts'), 'a', 'b'];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return JSON.parse(output) as Record<string, unknown>;
}

describe('start', () => {
  it('runs from the bundle as from the modules: arguments, URLs, names, places in traces', () => {
    const { folder, place } = makeCommand();
    const fromModules = runFrom(folder, { WGRAD_START: 'source' });
    expect(fromModules).toMatchObject({
      args: ['a', 'b'],
      name: 'Marked',
      later: 1,
      bundled: false,
      hashed: false,
    });
    const first = runFrom(folder);
    expect(first).toEqual({ ...fromModules, bundled: true, hashed: true });
    expect(readArchive(place)!.codeCache.length).toBeGreaterThan(0);
    expect(runFrom(folder)).toEqual(first);
  });

  it('bundles anew when a module has changed, or the bundle is damaged', () => {
    const { folder, place } = makeCommand();
    runFrom(folder);
    writeFileSync(join(folder, 'later.ts'), 'export const later: number = 2;\n');
    expect(runFrom(folder)).toMatchObject({ later: 2, bundled: true });
    writeFileSync(`${place}.bin`, readFileSync(`${place}.bin`).subarray(0, 5000));
    expect(runFrom(folder)).toMatchObject({ later: 2, bundled: true });
    expect(readArchive(place)).toBeDefined();
  });

  it('runs the modules where no bundle can be made', () => {
    const { folder } = makeCommand();
    writeFileSync(join(folder, 'command.ts'), `await Promise.resolve();\n${COMMAND}`);
    expect(runFrom(folder)).toMatchObject({ later: 1, bundled: false });
  });

  it('can bundle the training', async () => {
    const { inputs, code } = await makeBundle(join(ROOT, 'src/trainCommand.ts'));
    const paths = inputs.map(([path]) => path);
    expect(paths).toEqual(expect.arrayContaining(['src/trainCommand.ts', 'package-lock.json']));
    expect(code).not.toContain('import.meta');
    // One byte a character, in memory as in the file.
    expect(code).not.toMatch(/[^\0-\x7f]/);
  });
});

/** What lies in the file, whatever has become of its inputs. */
const deserialized = (place: string): Archive =>
  deserialize(readFileSync(`${place}.bin`).subarray(32)) as Archive;

describe('the archive', () => {
  const input = (): string => {
    const path = join(temporaryFolder(), 'input.ts');
    writeFileSync(path, 'one');
    return path;
  };
  const archiveOf = (path: string): Archive => ({
    inputs: [inputOf(path)],
    code: 'code',
    codeCache: new Uint8Array([1, 2, 3]),
  });

  it('gives back what it was given, until an input changes or is gone', () => {
    const path = input();
    const place = join(temporaryFolder(), 'cache/command');
    const archive = archiveOf(path);
    expect(readArchive(place)).toBeUndefined();
    writeArchive(place, { ...archive, map: '{}' });
    const kept = readArchive(place)!;
    expect({ ...kept, codeCache: [...kept.codeCache] }).toEqual({ ...archive, codeCache: [1, 2, 3] });
    expect(readFileSync(`${place}.map`, 'utf8')).toBe('{}');
    writeFileSync(path, 'two');
    expect(readArchive(place)).toBeUndefined();
    writeFileSync(path, 'one');
    expect(readArchive(place)).toBeDefined();
    rmSync(path);
    expect(readArchive(place)).toBeUndefined();
  });

  it('looks at an input again only where its stamp differs', () => {
    const path = input();
    const place = join(temporaryFolder(), 'command');
    const stampIn = (): string => readArchive(place)!.inputs[0]![2];
    expect(inputOf(path)[2]).toBe(''); // it has just been written
    // Wrong on purpose: an input that keeps its stamp is not read.
    const later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3000);
    onTestFinished(() => later.mockRestore());
    const [, hash, stamp] = inputOf(path);
    writeArchive(place, { ...archiveOf(path), inputs: [[path, 'f'.repeat(64), stamp]] });
    expect(readArchive(place)).toBeDefined();
    writeFileSync(path, 'one');
    expect(readArchive(place)).toBeUndefined();
    // Equal content under another stamp is known by the new one from then on.
    writeArchive(place, { ...archiveOf(path), inputs: [[path, hash, stamp]] });
    const renewed = stampIn();
    expect(renewed).not.toBe(stamp);
    writeFileSync(path, 'two');
    utimesSync(path, 0, 0);
    expect(readArchive(place)).toBeUndefined();
    expect(renewed).toBe(deserialized(place).inputs[0]![2]);
  });

  it('refuses a file of which a bit has flipped', () => {
    const path = input();
    const place = join(temporaryFolder(), 'command');
    writeArchive(place, archiveOf(path));
    const bytes = readFileSync(`${place}.bin`);
    for (const at of [0, 40, bytes.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      writeFileSync(`${place}.bin`, damaged);
      expect(readArchive(place)).toBeUndefined();
    }
  });

  it('does without where it cannot write', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'command.bin'));
    for (const place of [join(folder, 'file/command'), join(folder, 'command')]) {
      writeArchive(place, archiveOf(input()));
      expect(readArchive(place)).toBeUndefined();
    }
  });
});
