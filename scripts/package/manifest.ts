import { readFileSync } from 'node:fs';
import { entries } from './entries.ts';

interface RootManifest {
  version: string;
  license: string;
  engines: Record<string, string>;
  dependencies: Record<string, string>;
}

/**
 * The package.json of the published library.
 *
 * Dawn's bindings are an optional peer: 130 MB that browsers and the CPU backend do not need.
 */
export function manifest(): object {
  const root = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as RootManifest;
  const { version, license, engines, dependencies } = root;
  return {
    name: 'wgrad',
    version,
    description: 'Tensors and autograd in TypeScript on hand-written WGSL kernels, for WebGPU and the CPU',
    keywords: ['webgpu', 'tensor', 'autograd', 'neural-network', 'deep-learning', 'wgsl'],
    license,
    type: 'module',
    engines,
    main: './index.js',
    types: './types/index.d.ts',
    unpkg: './wgrad.min.js',
    jsdelivr: './wgrad.min.js',
    exports: {
      '.': { types: './types/index.d.ts', default: './index.js' },
      ...Object.fromEntries(
        Object.keys(entries).map((name) => [
          `./${name}`,
          { types: `./${name}.d.ts`, default: `./${name}.js` },
        ]),
      ),
      './wgrad.min.js': { types: './wgrad.min.d.ts', default: './wgrad.min.js' },
      './package.json': './package.json',
    },
    imports: {
      '#platform': { node: './platform/node/platform.js', default: './platform/browser.js' },
      '#kernels': './kernels.js',
      '#cpuModule': './cpuModule.js',
    },
    peerDependencies: { webgpu: dependencies['webgpu'] },
    peerDependenciesMeta: { webgpu: { optional: true } },
    publishConfig: { access: 'public', provenance: true },
  };
}
