import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a program, with no input. */
export function run(
  file: string,
  args: readonly string[],
  cwd: string,
  timeout: number = 120_000,
): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(
      file,
      args,
      { cwd, timeout },
      (error: ExecFileException | null, stdout, stderr) => {
        done({ code: error ? Number(error.code ?? -1) : 0, output: `${stdout}${stderr}` });
      },
    );
    child.stdin?.end();
  });
}

/** What a program prints. Throws if it fails. */
export async function succeed(outcome: Promise<Outcome>): Promise<string> {
  const { code, output } = await outcome;
  if (code !== 0) throw new Error(output);
  return output;
}

export interface InstalledPackage {
  /** The folder that `npm run build` writes. */
  readonly dist: string;
  /** The packed file. */
  readonly tarball: string;
  /** An empty project in which it is installed. */
  readonly project: string;
}

let installed: Promise<InstalledPackage> | undefined;

/** Builds, packs and installs the package, once in each process. */
export function installedPackage(): Promise<InstalledPackage> {
  return (installed ??= install());
}

async function install(): Promise<InstalledPackage> {
  const scratch = mkdtempSync(join(tmpdir(), 'wgrad-package-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const [dist, project] = [join(scratch, 'dist'), join(scratch, 'project')];
  await succeed(run(process.execPath, ['--import', 'tsx', 'scripts/build.ts', dist], '.'));
  const packed = await succeed(run('npm', ['pack', '--json', '--pack-destination', scratch], dist));
  const [facts] = JSON.parse(packed.slice(0, packed.indexOf('\n]') + 2)) as [
    { filename: string; size: number; unpackedSize: number; entryCount: number },
  ];
  const tarball = join(scratch, basename(facts.filename));
  console.log(`packed ${facts.size} bytes, unpacked ${facts.unpackedSize}, ${facts.entryCount} files`);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }\n');
  await succeed(run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project));
  return { dist, tarball, project };
}
