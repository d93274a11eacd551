import type { DeviceProfile, KernelClock, LaunchRequest, ProfiledLaunch } from '../../backend/profile.ts';

const METHOD =
  "the host's clock around each kernel; SIMD marks the kernels that ran in WebAssembly; the others ran in plain JavaScript";

/** Notes the kernels that the CPU backend runs, and how long each takes. */
export class TwinClock implements KernelClock {
  readonly #launches: ProfiledLaunch[] = [];

  /** Records a kernel that has just run. */
  note(request: LaunchRequest, simd: boolean, start: number): void {
    const milliseconds = performance.now() - start;
    this.#launches.push({ request, ...(simd && { way: 'SIMD' }), start, milliseconds });
  }

  read(): DeviceProfile {
    return { launches: this.#launches, host: [], onHost: true, method: METHOD, clockError: 0 };
  }
}
