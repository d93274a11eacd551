import { type LaunchRequest, launchFacts } from '../costs/launchFacts.ts';
import type { DeviceProfile, LaunchFacts } from '../profile.ts';

const METHOD =
  "the host's clock around each kernel; SIMD names those that ran in WebAssembly, the others ran in plain code";

interface NotedLaunch {
  readonly request: LaunchRequest;
  readonly simd: boolean;
  readonly start: number;
  readonly milliseconds: number;
}

/** Notes the kernels that the CPU backend runs, and how long each takes. */
export class TwinClock {
  readonly #launches: NotedLaunch[] = [];

  /** Notes a kernel that has just run. */
  note(request: LaunchRequest, simd: boolean, start: number): void {
    this.#launches.push({ request, simd, start, milliseconds: performance.now() - start });
  }

  read(): DeviceProfile {
    const launches = this.#launches.map(({ request, simd, start, milliseconds }) => ({
      ...named(launchFacts(request), simd),
      start,
      milliseconds,
    }));
    return { launches, host: [], onHost: true, method: METHOD, clockError: 0 };
  }
}

function named(facts: LaunchFacts, simd: boolean): LaunchFacts {
  return { ...facts, variant: `${simd ? 'SIMD' : ''} ${facts.variant}`.trim() };
}
