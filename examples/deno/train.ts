// Learns which points lie in a circle. Run it with `deno run train.ts`, or `deno run train.ts webgpu`.
import { init, manualSeed, nn, noGrad, optim, rand, scope } from 'wgrad';

const device = await init(Deno.args[0] === 'webgpu' ? 'webgpu' : 'auto');
console.log(`${device.name}: ${device.description}`);

manualSeed(1);
const points = rand([512, 2]).mul(2).sub(1);
const inside = points.square().sum(1, { keepdim: true }).lt(0.5).to('float32');

const model = new nn.Sequential(new nn.Linear(2, 32), new nn.ReLU(), new nn.Linear(32, 1));
const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
const loss = new nn.BCEWithLogitsLoss();
for (let step = 0; step < 300; step++) {
  scope(() => {
    loss.forward(model.forward(points), inside).backward();
    optimizer.step();
    optimizer.zeroGrad();
  });
}
const right = noGrad(() => model.forward(points).gt(0).to('float32').eq(inside).to('float32').mean());
console.log(`accuracy ${((await right.item()) * 100).toFixed(1)} %`);
