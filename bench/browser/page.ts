/**
 * One contender in a page: the suite calls `answer` with each request. The name of the contender is the address's query.
 */
import { packages } from '#packages';
import { Answerer } from '../answers.ts';
import { countGpu } from '../contenders/gpu.ts';
import { type Host, notInstalled } from '../contenders/host.ts';
import { openNamed } from '../contenders/open.ts';
import type { Action, Answer, Request } from '../protocol.ts';

interface Page {
  readonly navigator: { readonly gpu?: GPU; readonly hardwareConcurrency: number };
  readonly crossOriginIsolated: boolean;
  readonly location: { readonly search: string };
  /** From the suite. */
  readonly processorTime: () => Promise<number>;
  answer?: (request: Request) => Promise<Answer<Action>>;
}
const page = globalThis as unknown as Page;

function installed(name: string): NonNullable<(typeof packages)[string]> {
  const found = packages[name];
  if (!found) throw notInstalled(name);
  return found;
}

const host: Host = {
  parallelism: page.crossOriginIsolated ? page.navigator.hardwareConcurrency : 1,
  openGpu: () => {
    if (!page.navigator.gpu) throw new Error('this page has no WebGPU');
    return countGpu(page.navigator.gpu);
  },
  // Libraries see whether the page is isolated.
  offerThreads: () => undefined,
  load: async <T>(name: string): Promise<T> => (await installed(name).load()) as T,
  versionOf: (name) => installed(name).version,
  filesOf: (name) => installed(name).files,
  tuning: {},
};

const answerer = new Answerer({
  open: () => openNamed(page.location.search.slice(1), host),
  processorTime: page.processorTime,
  peakBytes: () => {
    throw new Error('a page does not know its memory');
  },
});
page.answer = (request) => answerer.answer(request);
