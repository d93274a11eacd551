import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/pipeline/diagnostics/doctor/doctor.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, type Outcome, spawnCommandIn } from './commands.ts';

function runDoctor(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return spawnCommandIn({ env }, 'doctor', ...args);
}

describe('src/doctor.ts', () => {
  it('reports every topic, as text and as JSON', async () => {
    const { code, stdout } = await runDoctor(['--json']);
    const findings = JSON.parse(stdout) as Finding[];
    expect(findings.map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(['node', 'machine', 'Dawn', 'WebGPU', 'CPU backend', 'data', 'disk', 'git']),
    );
    expect(code).toBe(0);
    const help = await callCommand('doctor', '--help');
    expect(help).toMatchObject({ code: 0 });
    expect(help.stdout).toMatch(/--root[^]*--json[^]*exit codes/);
  });

  it('names the remedies for a missing driver and missing data, and goes on', async () => {
    const hidden = { VK_DRIVER_FILES: '/nonexistent.json', WGRAD_SOFTWARE_DRIVER: 'none' };
    const { code, stdout } = await runDoctor(['--root', temporaryFolder()], hidden);
    expect(stdout).toMatch(/lack {2}WebGPU/);
    expect(stdout).toContain('scripts/install-software-driver.sh');
    expect(stdout).toContain('npx tsx src/data.ts fetch');
    expect(stdout).toMatch(/ok {4}CPU backend/);
    expect(code).toBe(0);
  });

  it('survives a driver that takes the process with it', async () => {
    const crash = 'if(process.argv[1]?.includes("probeChild")&&process.argv[2]==="webgpu")process.abort()';
    const { code, stdout } = await runDoctor([], {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(crash)}`,
    });
    expect(stdout).toMatch(
      /lack {2}WebGPU +the process that tried it ended without a result \(signal SIGABRT\)/,
    );
    expect(stdout).toMatch(/ok {4}CPU backend/);
    expect(code).toBe(0);
  });

  it('names a folder for run-time files that is not there', async () => {
    const { stdout } = await runDoctor([], { XDG_RUNTIME_DIR: '/nowhere' });
    expect(stdout).toMatch(/lack {2}XDG_RUNTIME_DIR[^]*fix: mkdir -p -m 700 \/nowhere/);
  });

  it('names the reason where git refuses the checkout of another user', async () => {
    const { stdout } = await runDoctor([], { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' });
    expect(stdout).toMatch(
      /lack {2}git +fatal: detected dubious ownership[^]*fix: git config --global --add safe\.directory/,
    );
  });

  it('refuses what it does not know', async () => {
    expect((await callCommand('doctor', '--fast')).code).toBe(2);
  });
});
