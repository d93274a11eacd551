// Trains a model that PyTorch made, and sends it back: npx tsx examples/node/pytorch/fineTune.ts [epochs]
//
//   python3 examples/node/pytorch/garments.py make                            PyTorch writes made.safetensors, which is here
//   npx tsx examples/node/pytorch/fineTune.ts                                 reads it, trains, writes fineTuned.safetensors
//   python3 examples/node/pytorch/garments.py check fineTuned.safetensors     PyTorch has the same accuracy
//
// The images are those of `npx tsx src/data.ts fetch`.
import { fileURLToPath } from 'node:url';
import {
  capture,
  init,
  loadSafetensorsFile,
  manualSeed,
  nn,
  noGrad,
  optim,
  saveSafetensorsFile,
  scope,
  type Tensor,
} from 'wgrad';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { loadFashionMnist } from '../../../src/pipeline/data/fashionMnist.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { permutation } from '../../../src/data/permutation.ts';

const BATCH = 100;
const epochs = Number(process.argv[2] ?? 2);

/** The class of garments.py: the same names in the same order. */
class Garments extends nn.Module {
  readonly conv1 = new nn.Conv2d(1, 8, 3, { padding: 1 });
  readonly norm1 = new nn.BatchNorm2d(8);
  readonly conv2 = new nn.Conv2d(8, 16, 3, { padding: 1 });
  readonly norm2 = new nn.BatchNorm2d(16);
  readonly classifier = new nn.Linear(16 * 7 * 7, 10);

  override forward(x: Tensor): Tensor {
    const half = this.norm1.forward(this.conv1.forward(x)).relu().maxPool2d(2);
    const quarter = this.norm2.forward(this.conv2.forward(half)).relu().maxPool2d(2);
    return this.classifier.forward(quarter.flatten(1));
  }
}

const device = await init('auto');
manualSeed(0);
const { train, test } = await loadFashionMnist('data/raw');
// As PyTorch has them: grey values from 0 to 1.
const description = { ...FASHION_MNIST_DESCRIPTION, mean: 0, std: 1 };
const [images, tests] = [train, test].map((set) => new DeviceDataset(device, set, description)) as [
  DeviceDataset,
  DeviceDataset,
];

const model = new Garments();
const made = await loadSafetensorsFile(fileURLToPath(new URL('made.safetensors', import.meta.url)));
model.loadStateDict(made.tensors);
console.log(`accuracy on the test images: ${await accuracy()} %`);

const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
for (let epoch = 1; epoch <= epochs; epoch++) {
  model.train();
  const order = images.order(permutation(images.count, { seed: 0, stream: epoch }));
  let start = 0;
  const step = capture(() => {
    const batch = images.batch(order, () => start, BATCH);
    nn.functional.crossEntropy(model.forward(batch.images), batch.labels).backward();
    optimizer.step();
    optimizer.zeroGrad();
  });
  for (start = 0; start < images.count; start += BATCH) step();
  step.dispose();
  order.dispose();
  console.log(`after epoch ${epoch}: ${await accuracy()} %`);
}
await saveSafetensorsFile('fineTuned.safetensors', model.stateDict(), { format: 'pt' });
console.log('fineTuned.safetensors is written');

async function accuracy(): Promise<string> {
  model.eval();
  const order = tests.order(Uint32Array.from(test.labels.keys()));
  const hits = scope(() =>
    noGrad(() => {
      const all = tests.batch(order, 0, tests.count);
      return model.forward(all.images).argmax(1).eq(all.labels).sum();
    }),
  );
  return ((await hits.item()) / 100).toFixed(2);
}
