import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '../../src/index.ts';
import { CONTENDERS } from '../contenders/list.ts';
import { LineProcess } from '../node/lineProcess.ts';
import { ContenderError } from '../protocol.ts';
import type { Side } from './sides.ts';

/** A request takes at most this long. */
const SECONDS = 120;

/** PyTorch in a process of its own: see pytorch.py. */
export class PyTorch {
  readonly #process: LineProcess;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'wgrad-operations-'));
  readonly #wall: boolean;

  constructor(python: string, threads: number) {
    const contender = threads > 1 ? 'pytorch' : 'pytorch-1';
    const { environment } = CONTENDERS.find(({ name }) => name === contender)!;
    this.#process = new LineProcess(python, ['bench/operations/pytorch.py', String(threads)], environment);
    this.#wall = threads > 1;
  }

  facts(): Promise<{ torch: string; capability: string; threads: number }> {
    return this.#ask({ action: 'facts' });
  }

  /** Takes over inputs, and returns some elements of the result. */
  async prepare(expression: string, inputs: readonly Tensor[]): Promise<number[]> {
    const given = [];
    for (const [index, tensor] of inputs.entries()) given.push(await this.#give(tensor, String(index)));
    return (await this.#ask<{ values: number[] }>({ action: 'prepare', expression, inputs: given })).values;
  }

  /** From here on calls go backward, too. Returns some elements of each gradient. */
  async prepareGradient(seed: Tensor): Promise<(number[] | null)[]> {
    const request = { action: 'prepareGradient', seed: await this.#give(seed, 'seed') };
    return (await this.#ask<{ gradients: (number[] | null)[] }>(request)).gradients;
  }

  readonly side: Side = async (calls) => {
    type Elapsed = Record<'milliseconds' | 'processorMilliseconds', number>;
    const elapsed = await this.#ask<Elapsed>({ action: 'run', calls });
    return this.#wall ? elapsed.milliseconds : elapsed.processorMilliseconds;
  };

  async release(): Promise<void> {
    await this.#ask({ action: 'release' });
  }

  stop(): void {
    this.#process.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #give(tensor: Tensor, name: string): Promise<object> {
    const file = join(this.#folder, name);
    const values = await tensor.data();
    await writeFile(file, tensor.dtype === 'bool' ? Int32Array.from(values) : values);
    return { file, dtype: tensor.dtype, shape: tensor.shape, strides: tensor.strides };
  }

  async #ask<A>(request: object): Promise<A> {
    const answer = (await this.#process.ask(request, SECONDS)) as A | { error: string };
    if (typeof answer === 'object' && answer && 'error' in answer) throw new ContenderError(answer.error);
    return answer;
  }
}
