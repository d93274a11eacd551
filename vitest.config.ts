import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** SwiftShader, which scripts/install-software-driver.sh --swiftshader installs. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Files that take minutes, while others take seconds: they begin first, so that no process waits for them at the end. */
const LONG = [
  'tests/backend/webgpu/choices.gpu.test.ts',
  'tests/pipeline/diagnostics/kernels/kernels.gpu.test.ts',
  'tests/docs/blocks.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((file) => moduleId.endsWith(file));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

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
      // What was tuned on this machine is no part of the project, nor is relaxed SIMD, whose bits depend on the processor.
      env: { WGRAD_TUNING: 'none', WGRAD_WASM: 'plain', ...env },
      // Far above what a test takes: a machine may be busy.
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
}

const gpu = 'tests/**/*.gpu.test.ts';
const processes = 'tests/**/*.process.test.ts';

/**
 * What runs on SwiftShader only where all cases are wanted: whole trainings, tunings and services take minutes there, and the
 * tests of their kernels take part anyway.
 */
const wholeRuns =
  process.env['WGRAD_CASES'] === 'some'
    ? ['tests/commands/**', 'tests/pipeline/{experiment,training}/**', 'tests/serve/agreement.gpu.test.ts']
    : [];

const config: ViteUserConfig = defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      // Neither an adapter nor a child process.
      project('unit', ['tests/**/*.test.ts'], {
        exclude: [gpu, processes, ...inFolders],
        env: { VK_DRIVER_FILES: '/none', WGRAD_SOFTWARE_DRIVER: 'none' },
      }),
      // One of each other kind, for `npm test`.
      project('smoke', ['tests/smoke/**/*.test.ts']),
      project('gpu', [gpu], { exclude: inFolders }),
      // Commands in processes of their own.
      project('commands', ['tests/commands/**/*.test.ts', processes]),
      // Browsers have relaxed SIMD, and take no variables.
      project('browser', ['tests/browser/**/*.test.ts'], { env: { WGRAD_WASM: 'as the engine can' } }),
      // The documentation's programs and commands.
      project('docs', ['tests/docs/**/*.test.ts']),
      // Other people's programs: npm, PyTorch, apt.
      project('tools', ['tests/tools/**/*.test.ts']),
      // The GPU's tests again, on another driver.
      ...(existsSync(SWIFTSHADER)
        ? [project('swiftshader', [gpu], { exclude: wholeRuns, env: { VK_DRIVER_FILES: SWIFTSHADER } })]
        : []),
    ],
  },
});
export default config;
