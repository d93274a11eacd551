import { readdirSync, readFileSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';
import { embedModules } from '../../src/platform/node/embedded/bundlerPlugin.ts';

/** A module and all that it imports, for runtimes without Node: kernels and fixtures are embedded. */
export async function bundleModule(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    plugins: [embedModules, embedFixtures],
  });
  return outputFiles[0]!.text;
}

const embedFixtures: Plugin = {
  name: 'fixtures',
  setup(bundler) {
    bundler.onResolve({ filter: /\/fixtures\.ts$/ }, () => ({ path: 'fixtures', namespace: 'fixtures' }));
    bundler.onLoad({ filter: /.*/, namespace: 'fixtures' }, () => ({ contents: fixtures() }));
  },
};

function fixtures(): string {
  const files = readdirSync('tests/fixtures')
    .filter((name) => name.endsWith('.json'))
    .map((name) => `'${name}': ${readFileSync(`tests/fixtures/${name}`, 'utf8')}`);
  return `const files = {${files.join(',\n')}};\nexport const loadFixture = (name) => files[name];`;
}
