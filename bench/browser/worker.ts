/**
 * One contender in a page's Worker: the suite calls `answer` with each request. The name of the contender is the address's
 * query.
 */
import { packages } from '#packages';
import { Answerer } from '../answers.ts';
import { countGpu } from '../contenders/gpu.ts';
import { type Host, notInstalled } from '../contenders/host.ts';
import { openNamed } from '../contenders/open.ts';
import type { Action, Answer, Request } from '../protocol.ts';

interface Scope {
  readonly navigator: { readonly gpu?: GPU; readonly hardwareConcurrency: number };
  readonly crossOriginIsolated: boolean;
  readonly location: { readonly search: string };
  readonly postMessage: (message: string) => void;
  answer?: (request: Request) => Promise<Answer<Action>>;
}
const scope = globalThis as unknown as Scope;

function installed(name: string): NonNullable<(typeof packages)[string]> {
  const found = packages[name];
  if (!found) throw notInstalled(name);
  return found;
}

const host: Host = {
  parallelism: scope.crossOriginIsolated ? scope.navigator.hardwareConcurrency : 1,
  openGpu: () => {
    if (!scope.navigator.gpu) throw new Error('this browser has no WebGPU');
    return countGpu(scope.navigator.gpu);
  },
  // Libraries see whether the page is isolated.
  offerThreads: () => undefined,
  load: async <T>(name: string): Promise<T> => (await installed(name).load()) as T,
  versionOf: (name) => installed(name).version,
  filesOf: (name) => installed(name).files,
  tuning: {},
};

const answerer = new Answerer({
  open: () => openNamed(scope.location.search.slice(1), host),
  // Browsers do not tell; the suite adds it.
  processorTime: () => 0,
  peakBytes: () => {
    throw new Error('a Worker does not know its memory');
  },
});
scope.answer = (request) => answerer.answer(request);
scope.postMessage('ready');
