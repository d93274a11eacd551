import { type Backend } from '../../src/backend/backend.ts';
import { rand, scope, type Tensor } from '../../src/index.ts';
import { sample } from '../inputs.ts';
import type { OperationCase } from './layouts.ts';
import type { PyTorch } from './peer.ts';
import { alternate, type Side } from './sides.ts';

/** Microseconds for a call, and those of PyTorch for the same. */
export interface Cost {
  readonly microseconds: number;
  readonly torchMicroseconds?: number;
  /** Why PyTorch's time does not count. */
  readonly failure?: string;
}

export interface Costs {
  readonly forward: Cost;
  /** Forward and backward. */
  readonly both?: Cost;
}

/** Largest difference of two results, as a part of the largest element. */
const TOLERANCE = 1e-3;

/** Times a case at one size. */
export class Timing {
  readonly #device: Backend;
  readonly #peer: PyTorch | undefined;
  readonly #wall: boolean;

  constructor(device: Backend, peer: PyTorch | undefined) {
    this.#device = device;
    this.#peer = peer;
    this.#wall = device.info['threads'] !== 1;
  }

  async costs(each: OperationCase, size: number): Promise<Costs> {
    const { run } = each;
    const leaves: Tensor[] = scope(() => each.inputs(size));
    let seed: Tensor | undefined;
    try {
      const forward = await this.#cost(
        () => run(...leaves),
        async (peer) => {
          const theirs = await peer.prepare(each.torch, leaves);
          if (!each.random)
            await requireEqual(
              'results',
              scope(() => run(...leaves)),
              theirs,
            );
        },
      );
      for (const leaf of leaves) if (leaf.dtype === 'float32') leaf.requiresGrad = true;
      seed = scope(() => {
        const out = run(...leaves);
        return out.requiresGrad && out.dtype === 'float32' ? rand(out.shape) : undefined;
      });
      if (!seed) return { forward };
      const backward = (): void => run(...leaves).backward(seed);
      const both = await this.#cost(
        () => {
          backward();
          for (const leaf of leaves) leaf.zeroGrad();
        },
        async (peer) => {
          const theirs = await peer.prepareGradient(seed!);
          if (each.random) return;
          scope(backward);
          for (const [index, leaf] of leaves.entries()) {
            if (leaf.grad && theirs[index]) await requireEqual('gradients', leaf.grad, theirs[index]);
            leaf.zeroGrad();
          }
        },
      );
      return { forward, both };
    } finally {
      for (const tensor of [...leaves, seed]) tensor?.dispose();
      await this.#peer?.release();
    }
  }

  async #cost(body: () => unknown, prepare: (peer: PyTorch) => Promise<void>): Promise<Cost> {
    const ours: Side = (calls) => this.#elapsed(body, calls);
    let failure: string | undefined;
    try {
      if (this.#peer) await prepare(this.#peer);
    } catch (error) {
      failure = (error as Error).message;
    }
    const sides = this.#peer && failure === undefined ? [ours, this.#peer.side] : [ours];
    const [microseconds, torchMicroseconds] = await alternate(sides);
    return {
      microseconds: microseconds!,
      ...(torchMicroseconds !== undefined && { torchMicroseconds }),
      ...(failure !== undefined && { failure }),
    };
  }

  /** Processor time where one thread computes: other programs disturb it less than the clock. */
  async #elapsed(body: () => unknown, calls: number): Promise<number> {
    await this.#device.synchronize();
    const start = performance.now();
    const usage = process.cpuUsage();
    for (let call = 0; call < calls; call++) scope(() => void body());
    await this.#device.synchronize();
    const { user, system } = process.cpuUsage(usage);
    return this.#wall ? performance.now() - start : (user + system) / 1000;
  }
}

async function requireEqual(what: string, ours: Tensor, theirs: readonly number[]): Promise<void> {
  const found = sample(await ours.data());
  ours.dispose();
  const largest = Math.max(...theirs.map(Math.abs).filter(Number.isFinite), 1e-6);
  const differ = theirs.findIndex((value, index) => {
    const mine = Number(found[index]);
    return !Object.is(mine, value) && !(Math.abs(mine - value) <= TOLERANCE * largest);
  });
  if (differ >= 0 || found.length !== theirs.length) {
    throw new Error(`${what} differ: ${found[differ]} here, ${theirs[differ]} in PyTorch`);
  }
}
