// A variational autoencoder that invents garments: npx tsx examples/node/garments.ts [epochs]
// It writes garments.png. Upper half: test images, each followed by what the network makes of it. Lower half: inventions.
// The images are those of `npx tsx src/data.ts fetch`.
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { capture, cat, init, manualSeed, nn, noGrad, optim, randn, stack, type Tensor } from 'wgrad';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { loadFashionMnist } from '../../src/pipeline/data/fashionMnist.ts';
import { DeviceDataset } from '../../src/pipeline/data/loader.ts';
import { permutation } from '../../src/data/permutation.ts';

const [SIDE, CODE, BATCH] = [28, 20, 128];
const epochs = Number(process.argv[2] ?? 5);

/** Images become mean and log variance of codes; codes become logits of images. */
class Autoencoder extends nn.Module {
  readonly encoder = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, 2 * CODE),
  );
  readonly decoder = new nn.Sequential(
    new nn.Linear(CODE, 256),
    new nn.ReLU(),
    new nn.Linear(256, SIDE * SIDE),
  );

  encode(images: Tensor): [mean: Tensor, logVariance: Tensor] {
    return this.encoder.forward(images).chunk(2, 1) as [Tensor, Tensor];
  }

  override forward(codes: Tensor): Tensor {
    return this.decoder.forward(codes).reshape(-1, 1, SIDE, SIDE);
  }
}

const device = await init('auto');
console.log(`${epochs} epochs on ${device.description}`);
manualSeed(1);
const { train, test } = await loadFashionMnist('data/raw');
// Grey values from 0 to 1, which are probabilities for the loss.
const images = new DeviceDataset(device, train, { ...FASHION_MNIST_DESCRIPTION, mean: 0, std: 1 });
const model = new Autoencoder();
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });

for (let epoch = 1; epoch <= epochs; epoch++) {
  const order = images.order(permutation(images.count, { seed: 1, stream: epoch }));
  let start = 0;
  const step = capture(() => {
    const batch = images.batch(order, () => start, BATCH).images;
    const [mean, logVariance] = model.encode(batch);
    const codes = mean.add(randn([BATCH, CODE]).mul(logVariance.mul(0.5).exp()));
    const options = { reduction: 'sum' } as const;
    const reconstruction = nn.functional.binaryCrossEntropyWithLogits(model.forward(codes), batch, options);
    // How far the codes are from a normal distribution: the Kullback-Leibler divergence.
    const divergence = logVariance.add(1).sub(mean.square()).sub(logVariance.exp()).sum().mul(-0.5);
    const loss = reconstruction.add(divergence).div(BATCH);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  });
  let loss: Tensor | undefined;
  for (start = 0; start + BATCH <= images.count; start += BATCH) loss = step();
  console.log(`epoch ${epoch}: loss ${(await loss!.item()).toFixed(1)} nats an image`);
  step.dispose();
  order.dispose();
}

model.eval();
const tests = new DeviceDataset(device, test, { ...FASHION_MNIST_DESCRIPTION, mean: 0, std: 1 });
const picture = noGrad(() => {
  const real = tests.batch(tests.order(permutation(tests.count, { seed: 1, stream: 0 })), 0, 32).images;
  const [codes] = model.encode(real);
  const remade = model.forward(codes).sigmoid();
  const pairs = stack([real, remade], 1).flatten(0, 1);
  const invented = model.forward(randn([64, CODE])).sigmoid();
  // 128 images of 28 × 28 in 8 rows of 16.
  const grid = cat([pairs, invented]).reshape(8, 16, SIDE, SIDE).permute(0, 2, 1, 3);
  return grid
    .reshape(8 * SIDE, 16 * SIDE)
    .mul(255)
    .round();
});
const data = Uint8Array.from(await picture.data());
writeFileSync('garments.png', encode({ width: 16 * SIDE, height: 8 * SIDE, channels: 1, depth: 8, data }));
console.log('garments.png is written');
