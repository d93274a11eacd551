import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from 'vitest/config';

/** SwiftShader, which scripts/install-software-driver.sh --swiftshader installs. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Folders whose tests are of one kind. What stands elsewhere is told by its suffix. */
const folders = ['smoke', 'commands', 'browser', 'docs', 'tools'] as const;
const inFolders = folders.map((folder) => `tests/${folder}/**`);

/**
 * A kind of tests. Their files share two processes or more, and in each of them the modules, the device, and what the
 * device has compiled: a file must not count on being the first.
 */
function project(
  name: string,
  include: string[],
  { exclude = [], env = {} }: { exclude?: string[]; env?: Record<string, string> } = {},
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include,
      exclude,
      pool: 'forks',
      isolate: false,
      setupFiles: ['tests/setup.ts'],
      maxWorkers: Math.max(2, availableParallelism()),
      // What was tuned on this machine is no part of the project.
      env: { WGRAD_TUNING: 'none', ...env },
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  };
}

const gpu = 'tests/**/*.gpu.test.ts';
const processes = 'tests/**/*.process.test.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      // Neither an adapter nor a child process.
      project('unit', ['tests/**/*.test.ts'], { exclude: [gpu, processes, ...inFolders] }),
      // One of each other kind, for `npm test`.
      project('smoke', ['tests/smoke/*.test.ts']),
      project('gpu', [gpu], { exclude: inFolders }),
      // Commands in processes of their own.
      project('commands', ['tests/commands/*.test.ts', processes]),
      project('browser', ['tests/browser/*.test.ts']),
      // The documentation's programs and commands.
      project('docs', ['tests/docs/*.test.ts']),
      // Other people's programs: npm, PyTorch, apt.
      project('tools', ['tests/tools/*.test.ts']),
      // The GPU's tests again, on another driver.
      ...(existsSync(SWIFTSHADER)
        ? [project('swiftshader', [gpu], { env: { VK_DRIVER_FILES: SWIFTSHADER } })]
        : []),
    ],
  },
});
export default config;
