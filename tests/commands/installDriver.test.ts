import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../pipeline/files/disks.ts';

const SCRIPT = 'scripts/install-software-driver.sh';
/** The versions are compared by the real dpkg, and lavapipe's file for the Vulkan loader is the real one. */
const onDebian = existsSync('/usr/bin/dpkg');
const hasLavapipe = existsSync('/usr/share/vulkan/icd.d');
if (!onDebian) console.warn('The tests of the install script are skipped: they need dpkg');

/** A machine as the script sees it: what its system tools answer. */
interface Machine {
  system: string;
  user: number;
  /** Installed packages and their versions. */
  installed: Record<string, string>;
  /** Versions that apt would install. */
  offered: Record<string, string>;
  /** How often `apt-get` fails before it succeeds. */
  failures: number;
  /** Packages that `apt-get install` brings. */
  brings: Record<string, string>;
  apt: boolean;
}

const debian: Machine = {
  system: 'Linux',
  user: 0,
  installed: {},
  offered: { 'mesa-vulkan-drivers': '25.0.7-2', 'chromium-common': '140' },
  failures: 0,
  brings: { 'mesa-vulkan-drivers': '25.0.7-2', libvulkan1: '1.3' },
  apt: true,
};

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

function program(name: string, text: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/bash\n${text}\n`);
  chmodSync(path, 0o755);
}

/** `case` branches, one a package. */
function cases(versions: Record<string, string>, line: (version: string) => string): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name}) ${line(version)} ;;`)
    .join(' ');
}

/** Runs the script where the programs of the system are replaced. */
function run(
  change: Partial<Machine>,
  ...args: string[]
): { code: number | null; said: string; apt: string } {
  const machine = { ...debian, ...change };
  const log = join(folder, 'apt.log');
  const after = join(folder, 'installed');
  writeFileSync(log, '');
  program('uname', `echo ${machine.system}`);
  program('id', `echo ${machine.user}`);
  program('sleep', ':');
  const tell = (version: string): string => `echo "installed ${version}"; exit`;
  program(
    'dpkg-query',
    `package=\${@: -1}
     if [ -e ${after} ]; then case "$package" in ${cases(machine.brings, tell)} esac; fi
     case "$package" in ${cases(machine.installed, tell)} esac; true`,
  );
  program(
    'apt-cache',
    `[ "$1" = policy ] && case "$2" in ${cases(machine.offered, (version) => `echo "  Candidate: ${version}"`)} esac; true`,
  );
  if (machine.apt) {
    program(
      'apt-get',
      `echo "$*" >>${log}
       case "$*" in *install*) [ $(grep -c install ${log}) -gt ${machine.failures} ] || exit 100; touch ${after} ;; esac`,
    );
  }
  for (const name of ['bash', 'sed', 'grep', 'awk', 'dpkg', 'touch', 'rm', 'cat', 'mkdir']) {
    if (!machine.apt && name === 'dpkg') continue;
    program(name, `exec ${spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()} "$@"`);
  }
  const { status, stdout, stderr } = spawnSync('/bin/bash', [SCRIPT, ...args], {
    env: { PATH: folder },
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr, apt: readFileSync(log, 'utf8') };
}

describe.runIf(onDebian)('install-software-driver.sh', () => {
  it.each([
    ['Darwin', 'macOS needs no driver'],
    ['MINGW64_NT', 'Windows needs no driver'],
  ])('has nothing to install on %s', (system, message) => {
    expect(run({ system })).toMatchObject({
      code: 0,
      said: expect.stringContaining(message) as string,
      apt: '',
    });
  });

  it.each([
    [{ system: 'FreeBSD' }, [], 'no software driver is known for FreeBSD'],
    [{ apt: false }, [], 'sudo dnf install mesa-vulkan-drivers'],
    [{ user: 1000 }, [], 'installing packages needs root. Run:\n  sudo'],
    [{}, ['--swift'], 'unknown argument: --swift'],
    [{ failures: 3 }, [], 'apt-get could not install: mesa-vulkan-drivers libvulkan1'],
  ] as [Partial<Machine>, string[], string][])(
    'fails with exit code 1 for %o %o',
    (machine, args, message) => {
      expect(run(machine, ...args)).toMatchObject({
        code: 1,
        said: expect.stringContaining(message) as string,
      });
    },
  );

  it.runIf(hasLavapipe)(
    'changes nothing where a new enough Mesa is installed, and does not need root',
    () => {
      const installed = { 'mesa-vulkan-drivers': '23.2.0', libvulkan1: '1.3' };
      const { code, said, apt } = run({ installed, user: 1000 });
      expect({ code, apt }).toEqual({ code: 0, apt: '' });
      expect(said).toMatch(/^Nothing to do\.\nlavapipe: Mesa 23\.2\.0, /);
    },
  );

  it.runIf(hasLavapipe)('replaces a Mesa that WebGPU rejects, and tries again when apt fails', () => {
    const { code, said, apt } = run({
      failures: 2,
      installed: { libvulkan1: '1.3', 'mesa-vulkan-drivers': '22.3.6' },
    });
    expect(code).toBe(0);
    expect(said).toContain('apt-get install failed (attempt 2 of 3), trying again');
    expect(apt.match(/install -y/g)).toHaveLength(3);
    expect(apt).toMatch(/update[^]*install -y --no-install-recommends mesa-vulkan-drivers libvulkan1/);
  });
});
