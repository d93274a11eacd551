import type { DType, TypedArray } from '../../dtypes.ts';
import { arrayKind } from '../../dtypes.ts';

const PAGE = 65_536;
/** The limit of 32-bit addresses. */
const MOST_PAGES = 65_536;
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
  readonly #free: Block[] = [];
  #end = FIRST;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  }

  /** The address of a block of `bytes`, or undefined if the memory cannot grow enough. */
  take(bytes: number): number | undefined {
    const size = blockSize(bytes);
    const index = this.#free.findIndex((block) => block.size >= size);
    if (index >= 0) {
      const block = this.#free[index]!;
      const { start } = block;
      block.start += size;
      block.size -= size;
      if (block.size === 0) this.#free.splice(index, 1);
      return start;
    }
    if (!this.#grow(size)) return undefined;
    const start = this.#end;
    this.#end += size;
    return start;
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

/** Whether an array is in the memory of a heap. Nothing else on this backend is shared. */
export function inHeap(array: TypedArray): boolean {
  // Pages that are not cross-origin isolated have shared memory, but no SharedArrayBuffer to compare with.
  return !(array.buffer instanceof ArrayBuffer);
}

function blockSize(bytes: number): number {
  return Math.ceil((bytes + SLACK) / ALIGNMENT) * ALIGNMENT;
}
