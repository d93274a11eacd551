import type { Plugin } from 'esbuild';
import { embeddedCpuModule } from './cpuModule.ts';
import { embeddedKernels } from './kernels.ts';

/** The modules that package.json's `imports` choose for browsers in the built package. */
const embedded: Readonly<Record<string, () => string>> = {
  '#kernels': embeddedKernels,
  '#cpuModule': embeddedCpuModule,
};

/** Puts the kernels and the WebAssembly module into a bundle for browsers. */
export const embedModules: Plugin = {
  name: 'embedded',
  setup(bundler) {
    bundler.onResolve({ filter: /^#(kernels|cpuModule)$/ }, ({ path }) => ({ path, namespace: 'embedded' }));
    bundler.onLoad({ filter: /.*/, namespace: 'embedded' }, ({ path }) => ({ contents: embedded[path]!() }));
  },
};
