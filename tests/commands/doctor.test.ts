import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/experiment/doctor.ts';
import { temporaryFolder } from '../experiment/disks.ts';

function runDoctor(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile('npx', ['tsx', 'src/doctor.ts', ...args], { env, timeout: 60_000 }, (error, stdout) => {
      resolve({ code: error ? Number(error.code) : 0, stdout });
    });
  });
}

describe('src/doctor.ts', () => {
  it('reports every topic, as text and as JSON', async () => {
    const { code, stdout } = await runDoctor(['--json']);
    const findings = JSON.parse(stdout) as Finding[];
    expect(findings.map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(['node', 'machine', 'WebGPU', 'CPU backend', 'data', 'disk', 'git']),
    );
    expect(code).toBe(0);
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

  it('refuses what it does not know', async () => {
    expect((await runDoctor(['--fast'])).code).toBe(2);
  });
});
