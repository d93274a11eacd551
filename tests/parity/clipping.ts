import { type Backend, ones, optim } from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';
import { type FixtureTensor, fromFixture, RTOL } from './operations.ts';

/** Gradients before and after PyTorch's clip_grad_norm_: see tests/fixtures/README.md. */
export interface ClippingFixture {
  name: string;
  maxNorm: number;
  options: { normType?: number | 'Infinity' };
  gradients: FixtureTensor[];
  norm: number;
  clipped: FixtureTensor[];
}

export const clippingFixtures = loadFixture('clipping.json') as ClippingFixture[];

/** Whether the norm and the clipped gradients are as in PyTorch, relative to the largest of them. */
export async function clipsAsPyTorch(fixture: ClippingFixture, device: Backend): Promise<boolean> {
  const { normType } = fixture.options;
  const parameters = fixture.gradients.map((gradient) => {
    const parameter = ones(gradient.shape, { device, requiresGrad: true });
    parameter.backward(fromFixture(gradient, device));
    return parameter;
  });
  const options = normType === undefined ? {} : { normType: Number(normType) };
  const norm = await optim.clipGradNorm(parameters, fixture.maxNorm, options).item();
  const found = await Promise.all(parameters.map(async ({ grad }) => Array.from(await grad!.data())));
  const wanted = fixture.clipped.flatMap(({ data }) => data.map(Number));
  const scale = Math.max(...wanted.map(Math.abs));
  return (
    Math.abs(norm - fixture.norm) <= RTOL * fixture.norm &&
    found.flat().every((value, at) => Math.abs(value - wanted[at]!) <= RTOL * scale)
  );
}
