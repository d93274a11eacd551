import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The tests that notice a fault in the library's operations, optimizers or the service: no adapter, no process. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['tests/{ops,optim,nn,tensor,gradients,parity,serve}/**/*.test.ts'],
    // The agreement with evaluate needs the data and a promoted model, which the copies for mutants do not have.
    exclude: ['tests/**/*.gpu.test.ts', 'tests/**/*.process.test.ts', 'tests/serve/agreement.test.ts'],
    setupFiles: ['tests/setup.ts'],
    env: { WGRAD_TUNING: 'none', VK_DRIVER_FILES: '/none', WGRAD_SOFTWARE_DRIVER: 'none' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
export default config;
