// Where the probabilities lie that the decoder adapts, 11 bits each.
const MATCH = 0;
const REPEAT = 192;
const FIRST = 204;
const SECOND = 216;
const THIRD = 228;
const SHORT = 240;
const SLOT = 432;
const NEAR = 688;
const ALIGN = 803;
const LENGTH = 819;
const REPEAT_LENGTH = 1333;
const LITERAL = 1847;
const END: number = LITERAL + 8 * 0x300;

/**
 * Decodes LZMA (lc = 3, lp = 0, pb = 2, without a header) in base64, as `pack` writes it. On kernels and WebAssembly it is a fifth
 * smaller than what DecompressionStream takes, and it is synchronous.
 *
 * Source: Igor Pavlov, LZMA specification (2015).
 *
 * @param size the number of bytes to decode, all or those at the start
 */
export function unpack(text: string, size: number): Uint8Array<ArrayBuffer> {
  const input = atob(text);
  const out = new Uint8Array(size);
  const odds = new Uint16Array(END).fill(1024);
  let [at, range, code] = [1, 0xffffffff, 0];

  const shift = (): void => {
    range = (range << 8) >>> 0;
    code = ((code << 8) | input.charCodeAt(at++)) >>> 0;
  };
  const bit = (index: number): number => {
    if (range < 0x1000000) shift();
    const odd = odds[index]!;
    const bound = (range >>> 11) * odd;
    if (code < bound) {
      range = bound;
      odds[index] = odd + ((2048 - odd) >> 5);
      return 0;
    }
    range -= bound;
    code -= bound;
    odds[index] = odd - (odd >> 5);
    return 1;
  };
  const tree = (start: number, bits: number): number => {
    let node = 1;
    for (let i = 0; i < bits; i++) node = 2 * node + bit(start + node);
    return node - (1 << bits);
  };
  /** A tree with the lowest bit first. */
  const reversed = (start: number, bits: number): number => {
    let [node, value] = [1, 0];
    for (let i = 0; i < bits; i++) {
      const next = bit(start + node);
      node = 2 * node + next;
      value += next << i;
    }
    return value;
  };
  const lengthAt = (start: number, align: number): number => {
    if (!bit(start)) return 2 + tree(start + 2 + align * 8, 3);
    return bit(start + 1) ? 18 + tree(start + 258, 8) : 10 + tree(start + 130 + align * 8, 3);
  };
  const distance = (length: number): number => {
    const slot = tree(SLOT + Math.min(length - 2, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    let value = (2 + (slot & 1)) << bits;
    if (slot < 14) return value + reversed(NEAR + value - slot, bits);
    for (let i = bits - 1; i >= 4; i--) {
      if (range < 0x1000000) shift();
      range >>>= 1;
      if (code >= range) {
        code -= range;
        value += 1 << i;
      }
    }
    return value + reversed(ALIGN, 4);
  };

  for (let i = 0; i < 4; i++) shift();
  range = 0xffffffff;
  let state = 0;
  /** The last four distances, less 1. */
  let recent = [0, 0, 0, 0];
  for (let end = 0; end < size;) {
    const align = end & 3;
    if (!bit(MATCH + state * 16 + align)) {
      const start = LITERAL + 0x300 * (end > 0 ? out[end - 1]! >> 5 : 0);
      let symbol = 1;
      if (state > 6) {
        // What follows a match is likely to differ from what followed its source.
        let other = out[end - recent[0]! - 1]! * 2;
        for (let same = 0x100; symbol < 0x100; other *= 2) {
          const expected = other & same;
          const next = bit(start + same + expected + symbol);
          symbol = 2 * symbol + next;
          same &= next ? other : ~other;
        }
      } else while (symbol < 0x100) symbol = 2 * symbol + bit(start + symbol);
      out[end++] = symbol;
      state = state < 4 ? 0 : state - (state < 10 ? 3 : 6);
      continue;
    }
    let length = 1;
    if (!bit(REPEAT + state)) {
      length = lengthAt(LENGTH, align);
      recent = [distance(length), ...recent.slice(0, 3)];
      state = state < 7 ? 7 : 10;
    } else {
      let which = 0;
      let isShort = false;
      if (bit(FIRST + state)) which = bit(SECOND + state) ? 2 + bit(THIRD + state) : 1;
      else isShort = !bit(SHORT + state * 16 + align);
      recent.unshift(...recent.splice(which, 1));
      if (!isShort) length = lengthAt(REPEAT_LENGTH, align);
      state = state > 6 ? 11 : isShort ? 9 : 8;
    }
    const back = recent[0]! + 1;
    for (; length > 0 && end < size; length--, end++) out[end] = out[end - back]!;
  }
  return out;
}
