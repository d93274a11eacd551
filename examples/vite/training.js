// Trains in a Worker, so that the page stays responsive.
import { init, manualSeed, nn, noGrad, optim, rand, scope } from 'wgrad';

const device = await init('auto');
postMessage(['device', `${device.name}: ${device.description}`]);

manualSeed(1);
const points = rand([512, 2]).mul(2).sub(1);
const inside = points.square().sum(1, { keepdim: true }).lt(0.5).to('float32');

const model = new nn.Sequential(new nn.Linear(2, 32), new nn.ReLU(), new nn.Linear(32, 1));
const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
const criterion = new nn.BCEWithLogitsLoss();
for (let step = 0; step < 300; step++) {
  const loss = scope(() => {
    const result = criterion.forward(model.forward(points), inside);
    result.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return result;
  });
  if (step % 50 === 0) postMessage(['loss', `step ${step}: loss ${(await loss.item()).toFixed(4)}`]);
  loss.dispose();
}
const right = noGrad(() => model.forward(points).gt(0).to('float32').eq(inside).to('float32').mean());
postMessage(['result', `accuracy ${((await right.item()) * 100).toFixed(1)} %`]);
