/**
 * Training steps on random images, forward, backward and Adam: the MLP 784-256-128-10 with a batch of 128, and a CNN of
 * two convolutions (32 and 64 filters of 3 × 3, each followed by ReLU and 2 × 2 max pooling) and a dense layer of 128,
 * with a batch of 64. Prints samples a second: of the median step, and of the fastest, which says more where others use
 * the machine.
 *
 *   npx tsx bench/training.ts [webgpu|cpu] [mlp|cnn] [steps]
 */
import { type DeviceName, init, nn, optim, randint, randn, scope } from '../src/index.ts';
import { median } from './measure.ts';

const [deviceName = 'cpu', only, count = '60'] = process.argv.slice(2);
const device = await init(deviceName as DeviceName);
console.log(device.description);

const networks = {
  mlp: {
    batch: 128,
    make: () =>
      new nn.Sequential(
        new nn.Flatten(),
        new nn.Linear(784, 256),
        new nn.ReLU(),
        new nn.Linear(256, 128),
        new nn.ReLU(),
        new nn.Linear(128, 10),
      ),
  },
  cnn: {
    batch: 64,
    make: () =>
      new nn.Sequential(
        new nn.Conv2d(1, 32, 3, { padding: 1 }),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(32, 64, 3, { padding: 1 }),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(64 * 7 * 7, 128),
        new nn.ReLU(),
        new nn.Linear(128, 10),
      ),
  },
};

for (const [name, { batch, make }] of Object.entries(networks)) {
  if (only !== undefined && only !== name) continue;
  const network = make();
  const optimizer = new optim.Adam(network.parameters(), { lr: 0.001 });
  const x = randn([batch, 1, 28, 28]);
  const target = randint(0, 10, [batch]);
  const times: number[] = [];
  for (let step = -5; step < Number(count); step++) {
    const start = performance.now();
    scope(() => {
      optimizer.zeroGrad();
      nn.functional.crossEntropy(network.forward(x), target).backward();
      optimizer.step();
    });
    await device.synchronize();
    if (step >= 0) times.push(performance.now() - start);
  }
  const rate = (milliseconds: number): string => ((1000 * batch) / milliseconds).toFixed(0);
  const [middle, fastest] = [median(times), Math.min(...times)];
  console.log(
    `${name}  ${middle.toFixed(2)} ms a step, ${rate(middle)} samples/s; fastest ${fastest.toFixed(2)} ms, ${rate(fastest)} samples/s`,
  );
}
