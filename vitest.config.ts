import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Dawn's bindings are a native addon: one process a file keeps a crash from taking the others with it.
    pool: 'forks',
    // What was tuned on this machine is no part of the project.
    env: { WGRAD_TUNING: 'none' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
export default config;
