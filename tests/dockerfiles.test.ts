import { readdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** The lines of a Dockerfile by the stage that they belong to; '' before the first, and the image itself is the last. */
function stagesOf(text: string): Map<string, string> {
  const stages = new Map<string, string>();
  let name = '';
  for (const line of text.split('\n').filter((each) => !each.startsWith('#'))) {
    const from = /^FROM \S+(?: AS (\w+))?$/.exec(line);
    if (from) name = from[1] ?? 'image';
    stages.set(name, `${stages.get(name) ?? ''}${line}\n`);
  }
  return stages;
}

/** Packages that the modules of an entry point import, also later. */
async function packagesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports);
  const packages = imported.filter(({ external, path }) => external && !path.startsWith('node:'));
  return [...new Set(packages.map(({ path }) => /^(@[^/]+\/)?[^/]+/.exec(path)![0]))];
}

describe.each([
  ['api', 'src/api.ts'],
  ['train', 'src/train.ts'],
])('the image %s', (name, entry) => {
  const text = readFileSync(`dockerfiles/${name}.Dockerfile`, 'utf8');
  const stages = stagesOf(text);
  const installed = readdirSync('node_modules');

  it('has the CPU backend only, unless a GPU is asked for', () => {
    expect(text).toMatch(/^ARG VARIANT=cpu$/m);
    expect(stages.get('image')).toMatch(/^FROM \$\{VARIANT\}$/m);
    expect(stages.get('dependencies')).toContain('mv node_modules/webgpu /gpu/node_modules/');
    expect(stages.get('cpu')).not.toMatch(/install-software-driver|webgpu/);
    expect(stages.get('gpu')).toMatch(/install-software-driver[^]*COPY --from=dependencies .*webgpu/);
  });

  it('contains every package that its entry point imports', async () => {
    const removed = [...stages.get('dependencies')!.matchAll(/(?<=rm -r [^&]*)node_modules\/(\S+)/g)].map(
      ([, pattern]) => pattern!,
    );
    expect(removed).toContain('tsx');
    const fits = (pattern: string, path: string): boolean =>
      pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path.split('/')[0] === pattern;
    const packages = await packagesOf(entry);
    expect(packages).toContain('zod');
    // The service bundles its page where esbuild is installed; the image contains the bundle.
    if (name === 'api') {
      expect(stages.get('page')).toContain('RUN node src/serve/page/build.ts');
      expect(stages.get('cpu')).toContain('COPY --from=page /app/dist/page dist/page/');
    }
    const built = name === 'api' ? ['esbuild'] : [];
    for (const pattern of removed) {
      expect(packages.filter((each) => fits(pattern, each) && !built.includes(each))).toEqual([]);
      expect(
        installed.some((each) => fits(pattern, each)),
        `${pattern} is installed`,
      ).toBe(true);
    }
  });

  it('runs the program itself, so that signals reach it, as a user who can write to caches', () => {
    const image = stages.get('image')!;
    expect(image).toContain(`ENTRYPOINT ["node", "${entry}"]`);
    expect(Number(/^ARG NODE=node:(\d+)/m.exec(text)?.[1])).toBeGreaterThanOrEqual(24);
    expect(image).toMatch(/^USER 1000$/m);
    expect(image).toMatch(/XDG_CACHE_HOME=\/tmp\//);
  });
});
