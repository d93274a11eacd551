import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

/** What the manifests say of a container. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly readinessProbe?: object;
  readonly livenessProbe?: object;
}

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly configMap?: { readonly name: string };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly hostname?: string;
  readonly runtimeClassName?: string;
  readonly securityContext: object;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly selector?: Readonly<Record<string, unknown>>;
    readonly scaleTargetRef?: { readonly name: string };
    readonly advanced?: { readonly scalingModifiers?: object };
    readonly triggers?: readonly {
      readonly name?: string;
      readonly type: string;
      readonly metadata: Readonly<Record<string, string>>;
    }[];
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** An overlay of deploy/ as kubectl renders it: the text, and its objects. */
export function render(kubectl: string, overlay: string): { text: string; manifests: Manifest[] } {
  const text = execFileSync(kubectl, ['kustomize', `deploy/overlays/${overlay}`], { encoding: 'utf8' });
  return { text, manifests: parseAllDocuments(text).map((document) => document.toJS() as Manifest) };
}

/** The objects with pods, and what these are. */
export function podsOf(manifests: readonly Manifest[]): { name: string; manifest: Manifest; pod: PodSpec }[] {
  return manifests.flatMap((manifest) => {
    // Roles and configurations have none.
    const pod = 'spec' in manifest ? manifest.spec.template?.spec : undefined;
    return pod ? [{ name: `${manifest.kind} ${manifest.metadata.name}`, manifest, pod }] : [];
  });
}
