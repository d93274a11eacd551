// A program of someone who installed the package: compiled and run in tests/tools/package.test.ts.
import { crossEntropy, init, manualSeed, nn, optim, rand, randint, scope, type Tensor } from 'wgrad';
import { gradcheck, profile, type Profiler } from 'wgrad/diagnostics';

declare const process: { readonly argv: readonly string[] };

const device = await init(process.argv[2] === 'webgpu' ? 'webgpu' : 'cpu');
manualSeed(7);
const model = new nn.Sequential(new nn.Linear(8, 16), new nn.ReLU(), new nn.Linear(16, 3));
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });
const x: Tensor = rand([32, 8]);
const labels = randint(0, 3, [32]);
const loss = (): Tensor => crossEntropy(model.forward(x), labels);
const first: number = await loss().item();
for (let step = 0; step < 30; step++) {
  scope(() => {
    loss().backward();
    optimizer.step();
    optimizer.zeroGrad();
  });
}
{
  using last = loss();
  console.log(device.name, first > (await last.item()) ? 'learns' : 'does not learn');
}
device.destroy();

export const profiler = (): Profiler => profile(device);
export const check = (): Promise<boolean> => gradcheck((each) => each.square(), [x]);

// @ts-expect-error the package's types say what fits
export const mistake = (): Tensor => crossEntropy('text', labels);
