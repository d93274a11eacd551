import type { DType, TypedArray } from '../../dtypes.ts';
import { arrayKind } from '../../dtypes.ts';
import { KernelError } from '../../errors.ts';

const PAGE = 65_536;
/** The limit of 32-bit addresses. Phones refuse to reserve that much, and then get the largest part that they offer. */
const MOST_PAGES = 65_536;
const FEWEST_PAGES = 4096;
/** Blocks begin at multiples of a cache line. */
const ALIGNMENT = 64;
/** The first page holds the module's jobs. */
const FIRST = PAGE;
/** Kernels load four numbers at a time, and may read up to this many bytes past the end of an operand. */
const SLACK = 64;

interface Block {
  start: number;
  size: number;
}

/**
 * Memory that the WebAssembly module, its threads and the host's arrays share. Shared memory grows in place, so
 * existing arrays stay valid.
 *
 * Free blocks are sorted by address and merged with their neighbours. The first block that is large enough is taken.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Gives back blocks that nobody uses. Called when the memory is full. */
  makeRoom: (() => void) | undefined;
  readonly #free: Block[] = [];
  #end = FIRST;

  constructor() {
    this.memory = reserve();
  }

  /**
   * The address of a block of `bytes`, or undefined if the memory cannot grow enough.
   *
   * @throws KernelError for a size that is not a whole number ≥ 0
   */
  take(bytes: number): number | undefined {
    const size = blockSize(bytes);
    const found = this.#takeFree(size) ?? this.#takeNew(size);
    if (found !== undefined || !this.makeRoom) return found;
    this.makeRoom();
    return this.#takeFree(size) ?? this.#takeNew(size);
  }

  give(start: number, bytes: number): void {
    const size = blockSize(bytes);
    let index = this.#free.findIndex((block) => block.start > start);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { start, size });
    this.#mergeWithNext(index);
    if (index > 0) this.#mergeWithNext(index - 1);
  }

  /** An array with undefined contents in this memory, or undefined if there is no space. */
  array(dtype: DType, length: number): TypedArray | undefined {
    const Kind = arrayKind(dtype);
    const start = this.take(length * Kind.BYTES_PER_ELEMENT);
    return start === undefined ? undefined : new Kind(this.memory.buffer, start, length);
  }

  #takeFree(size: number): number | undefined {
    const index = this.#free.findIndex((block) => block.size >= size);
    if (index < 0) return undefined;
    const block = this.#free[index]!;
    const { start } = block;
    block.start += size;
    block.size -= size;
    if (block.size === 0) this.#free.splice(index, 1);
    return start;
  }

  #takeNew(size: number): number | undefined {
    if (!this.#grow(size)) return undefined;
    const start = this.#end;
    this.#end += size;
    return start;
  }

  #mergeWithNext(index: number): void {
    const [block, next] = [this.#free[index]!, this.#free[index + 1]];
    if (next?.start !== block.start + block.size) return;
    block.size += next.size;
    this.#free.splice(index + 1, 1);
  }

  #grow(size: number): boolean {
    const missing = this.#end + size - this.memory.buffer.byteLength;
    if (missing <= 0) return true;
    try {
      this.memory.grow(Math.ceil(missing / PAGE));
      return true;
    } catch {
      return false;
    }
  }
}

function reserve(): WebAssembly.Memory {
  for (let maximum = MOST_PAGES; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (error) {
      if (maximum <= FEWEST_PAGES) throw error;
    }
  }
}

/** Whether an array is in the memory of a heap. Nothing else on this backend is shared. */
export function inHeap(array: TypedArray): boolean {
  // Pages that are not cross-origin isolated have shared memory, but no SharedArrayBuffer to compare with.
  return !(array.buffer instanceof ArrayBuffer);
}

function blockSize(bytes: number): number {
  // Such a size would become the end of the memory, and every later block would be refused.
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new KernelError(`memory: takes a whole number of bytes, got ${bytes}`);
  }
  return Math.ceil((bytes + SLACK) / ALIGNMENT) * ALIGNMENT;
}
