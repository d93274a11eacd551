// Finds the line that noisy points lie on: npx tsx examples/node/linearRegression.ts
import { init, manualSeed, nn, optim, rand, randn, scope } from 'wgrad';

await init('auto');
manualSeed(1);
const x = rand([256, 1]);
const y = x
  .mul(3)
  .add(2)
  .add(randn([256, 1]).mul(0.1));
const line = new nn.Linear(1, 1);
const optimizer = new optim.SGD(line.parameters(), { lr: 0.5 });
for (let step = 0; step < 300; step++) {
  scope(() => {
    nn.functional.mseLoss(line.forward(x), y).backward();
    optimizer.step();
    optimizer.zeroGrad();
  });
}
const [slope, start] = [await line.weight.item(), await line.bias!.item()];
console.log(`y = ${slope.toFixed(2)} x + ${start.toFixed(2)}`);
