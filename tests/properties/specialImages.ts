import type { Backend } from '../../src/backend/backend.ts';
import { conv2d, scope, tensor, type Tensor } from '../../src/index.ts';

/** Convolutions, one for each algorithm: channels, outputs, window, padding, stride, groups. */
const convolutions = {
  'few terms': [1, 3, 3, 1, 1, 1],
  'three by three': [8, 8, 3, 0, 1, 1],
  'three by three, padded': [9, 10, 3, 1, 1, 1],
  'five by five': [4, 8, 5, 2, 1, 1],
  'in steps': [8, 8, 3, 1, 2, 1],
  groups: [8, 8, 3, 1, 1, 2],
  'one by one': [8, 8, 1, 0, 1, 1],
} as const;

export const names = Object.keys(convolutions) as (keyof typeof convolutions)[];

const [HEIGHT, WIDTH] = [6, 11];

function integers(device: Backend, shape: readonly number[], stream: number, requiresGrad: boolean): Tensor {
  const length = shape.reduce((size, each) => size * each, 1);
  const values = Float32Array.from(
    { length },
    (_, at) => ((Math.imul(at + 1, 2654435761 + 2 * stream) >>> 20) % 9) - 4,
  );
  return tensor(values, { device, shape: [...shape], requiresGrad });
}

/** x plus a special number at one position of its last channel. */
function withSpecial(x: Tensor, special: number, at: number): Tensor {
  const plane = x.shape[2]! * x.shape[3]!;
  const extra = new Float32Array(x.numel());
  extra[x.numel() - plane + (at % plane)] = special;
  const changed = x.detach().add(tensor(extra, { device: x.device, shape: [...x.shape] }));
  changed.requiresGrad = x.requiresGrad;
  return changed;
}

/**
 * Output and gradients of a convolution whose image, and then whose output's gradient, holds a special number, at every
 * position of a plane in turn.
 */
export async function results(name: keyof typeof convolutions, device: Backend): Promise<number[]> {
  const [channels, outputs, window, padding, stride, groups] = convolutions[name];
  const kept = scope(() => {
    const x = integers(device, [1, channels, HEIGHT, WIDTH], 1, true);
    const weight = integers(device, [outputs, channels / groups, window, window], 2, true);
    const bias = integers(device, [outputs], 3, true);
    const all: Tensor[] = [];
    for (let at = 0; at < HEIGHT * WIDTH; at++) {
      const special = [Infinity, -Infinity, NaN][at % 3]!;
      const image = withSpecial(x, special, at);
      const out = conv2d(image, weight, bias, { padding, stride, groups });
      all.push(out.detach());
      const slopes = integers(device, out.shape, 4, false);
      for (const [input, gradient] of [
        [image, slopes],
        [x, withSpecial(slopes, special, at)],
      ] as const) {
        for (const leaf of [input, weight, bias]) leaf.grad = null;
        conv2d(input, weight, bias, { padding, stride, groups }).backward(gradient);
        all.push(...[input, weight, bias].map((leaf) => leaf.grad!.detach().clone()));
      }
    }
    return all;
  });
  const values: number[] = [];
  for (const each of kept) values.push(...(await each.data()));
  return values;
}
