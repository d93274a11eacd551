/** A rectangle of pixels: the first column and row, and their numbers. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes a part of a picture by area averaging. Each new pixel is the mean of the area that it covers; pixels at the
 * edge count by the share that is inside.
 *
 *     out[y, x] = Σ_ij a_i(y) b_j(x) values[i, j] / (areaHeight · areaWidth)
 *
 * This keeps the mean, and does not alias at any reduction. Rows first, then columns.
 *
 * @param values [·, stride], row by row
 */
export function resizeByArea(
  values: ArrayLike<number>,
  stride: number,
  box: Box,
  width: number,
  height: number,
): Float64Array {
  const narrow = new Float64Array(box.height * width);
  for (let x = 0; x < width; x++) {
    const cover = coverage(x, box.width / width, box.width);
    for (let row = 0; row < box.height; row++) {
      const start = (box.top + row) * stride + box.left;
      let sum = 0;
      for (const [column, share] of cover) sum += share * values[start + column]!;
      narrow[row * width + x] = sum;
    }
  }
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (const [row, share] of coverage(y, box.height / height, box.height)) {
      for (let x = 0; x < width; x++) out[y * width + x]! += share * narrow[row * width + x]!;
    }
  }
  return out;
}

/** The old positions under the new position `at`, which covers `scale` old ones, with their shares, which sum to 1. */
function coverage(at: number, scale: number, size: number): [place: number, share: number][] {
  const begin = at * scale;
  const end = Math.min(size, begin + scale);
  const covered: [number, number][] = [];
  for (let place = Math.floor(begin); place < Math.min(size, Math.ceil(end)); place++) {
    const share = (Math.min(end, place + 1) - Math.max(begin, place)) / (end - begin);
    if (share > 0) covered.push([place, share]);
  }
  return covered;
}
