import type { Twin } from './twin.ts';

export const maxPool: Twin<'maxPool'> = ({ x, out, positions }, { size, offset }, variant) => {
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 } = variant;
  const { WINDOW_HEIGHT = 1, WINDOW_WIDTH = 1, STRIDE_Y = 1, STRIDE_X = 1 } = variant;
  const { PADDING_Y = 0, PADDING_X = 0, DILATION_Y = 1, DILATION_X = 1 } = variant;
  for (let element = 0; element < size; element++) {
    const rows = Math.floor(element / OUT_WIDTH);
    const top = (rows % OUT_HEIGHT) * STRIDE_Y - PADDING_Y;
    const left = (element % OUT_WIDTH) * STRIDE_X - PADDING_X;
    const plane = offset + Math.floor(rows / OUT_HEIGHT) * HEIGHT * WIDTH;
    let greatest = 0;
    let position = -1;
    for (let r = 0; r < WINDOW_HEIGHT; r++) {
      const y = top + r * DILATION_Y;
      if (y < 0 || y >= HEIGHT) continue;
      for (let c = 0; c < WINDOW_WIDTH; c++) {
        const column = left + c * DILATION_X;
        if (column < 0 || column >= WIDTH) continue;
        const at = y * WIDTH + column;
        const value = x[plane + at]!;
        if (position < 0 || value > greatest || Number.isNaN(value)) {
          greatest = value;
          position = at;
        }
      }
    }
    out[element] = greatest;
    positions[element] = position;
  }
};

/** Every output adds its gradient to its maximum's place, in order. The kernel gathers the same sums. */
export const maxPoolGradient: Twin<'maxPoolGradient'> = (
  { gradient, positions, out },
  { offset },
  { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 },
) => {
  const [plane, outPlane] = [HEIGHT * WIDTH, OUT_HEIGHT * OUT_WIDTH];
  const totals = new Float64Array(out.length);
  for (let window = 0; window < (out.length / plane) * outPlane; window++) {
    const start = Math.floor(window / outPlane) * plane;
    totals[start + positions[window]!]! += gradient[offset + window]!;
  }
  out.set(totals);
};
