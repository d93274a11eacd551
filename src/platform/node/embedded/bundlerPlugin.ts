import type { Plugin } from 'esbuild';
import { cpuModuleCode, cpuModuleText, embeddedCpuModule } from './cpuModule.ts';
import { embeddedKernels } from './kernels.ts';

/** Puts modules that package.json's `imports` choose for browsers into a bundle. */
function embed(modules: Readonly<Record<string, () => string>>): Plugin {
  return {
    name: 'embedded',
    setup(bundler) {
      bundler.onResolve({ filter: /^#(kernels|cpuModule)$/ }, ({ path }) => ({
        path,
        namespace: 'embedded',
      }));
      bundler.onLoad({ filter: /.*/, namespace: 'embedded' }, ({ path }) => ({ contents: modules[path]!() }));
    },
  };
}

/** Puts the kernels and the WebAssembly module into a bundle for browsers. */
export const embedModules: Plugin = embed({ '#kernels': embeddedKernels, '#cpuModule': embeddedCpuModule });

/** As `embedModules`, for a bundle that begins with `bundlePreamble`. */
export const embedBehindPreamble: Plugin = embed({
  '#kernels': embeddedKernels,
  '#cpuModule': () => `const text = cpuModuleText;\n${cpuModuleCode()}`,
});

/**
 * The first line of a bundle with `embedBehindPreamble`. Compressors make blocks of what stands together: base64 takes 5 % less as
 * a block of its own than among code.
 */
export function bundlePreamble(): string {
  return `const cpuModuleText="${cpuModuleText()}";`;
}
