/**
 * The grey of a colour: the luma of Rec. 601, as in PIL's `convert('L')`, and so in PyTorch's `transforms.Grayscale`:
 *
 *     L = (19595 R + 38470 G + 7471 B + 2^15) >> 16     ≈ 0.299 R + 0.587 G + 0.114 B
 */
export function luma(red: number, green: number, blue: number): number {
  return (19_595 * red + 38_470 * green + 7_471 * blue + 2 ** 15) >> 16;
}
