/**
 * Source: J. Canny, "A computational approach to edge detection", 1986, with the defaults of scikit-image, which
 * MNIST-C uses: σ = 1, and thresholds of 0.1 and 0.2 for the gradient by Sobel's kernels.
 */
import { type Corruption, PIXELS, SIZE } from './image.ts';
import { gaussianMixing, mixBoth } from './separable.ts';

const smoothing = gaussianMixing(1);
const LOW = 0.1 * 255;
const HIGH = 0.2 * 255;

/** White edges on black: ridges of the gradient that are strong, or hang together with strong ones. */
export const cannyEdges: Corruption = (image) => {
  const smooth = mixBoth(smoothing, image);
  const down = sobel(smooth, SIZE, 1);
  const right = sobel(smooth, 1, SIZE);
  const strength = new Float64Array(PIXELS);
  for (let at = 0; at < PIXELS; at++) {
    strength[at] = Math.sqrt(down[at]! * down[at]! + right[at]! * right[at]!);
  }
  const ridge = new Uint8Array(PIXELS);
  const out = new Uint8Array(PIXELS);
  const open: number[] = [];
  for (const at of INSIDE) {
    if (strength[at]! <= LOW || !isRidge(strength, at, down[at]!, right[at]!)) continue;
    ridge[at] = 1;
    if (strength[at]! > HIGH) open.push(at);
  }
  for (const at of open) out[at] = 255;
  // The outermost pixels are no ridges, so that all neighbours are within the image.
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const step of NEIGHBOURS) {
      const next = at + step;
      if (ridge[next] === 0 || out[next] !== 0) continue;
      out[next] = 255;
      open.push(next);
    }
  }
  return out;
};

/** All pixels but the outermost. */
const INSIDE: readonly number[] = Array.from({ length: PIXELS }, (_, at) => at).filter((at) => {
  const [y, x] = [Math.floor(at / SIZE), at % SIZE];
  return y > 0 && y < SIZE - 1 && x > 0 && x < SIZE - 1;
});

const NEIGHBOURS: readonly number[] = [-SIZE - 1, -SIZE, -SIZE + 1, -1, 1, SIZE - 1, SIZE, SIZE + 1];

/** The derivative along one axis, smoothed along the other: [-1 0 1] ⊗ [1 2 1]. 0 for the outermost pixels. */
function sobel(values: Float64Array, along: number, across: number): Float64Array {
  const out = new Float64Array(PIXELS);
  for (const at of INSIDE) {
    const before = at - across;
    const after = at + across;
    out[at] =
      values[before + along]! -
      values[before - along]! +
      2 * (values[at + along]! - values[at - along]!) +
      (values[after + along]! - values[after - along]!);
  }
  return out;
}

/** Whether no point one step along the gradient, either way, is stronger: those between pixels are interpolated. */
function isRidge(strength: Float64Array, at: number, dy: number, dx: number): boolean {
  const steep = Math.abs(dy) >= Math.abs(dx);
  const main = steep ? Math.sign(dy) * SIZE : Math.sign(dx);
  const side = steep ? Math.sign(dx) : Math.sign(dy) * SIZE;
  const slant = steep ? Math.abs(dx / dy) : Math.abs(dy / dx);
  const forth = (1 - slant) * strength[at + main]! + slant * strength[at + main + side]!;
  const back = (1 - slant) * strength[at - main]! + slant * strength[at - main - side]!;
  return strength[at]! >= forth && strength[at]! >= back;
}
