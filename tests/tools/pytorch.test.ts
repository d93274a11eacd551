import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { loadWeights, saveCheckpoint } from '../../src/pipeline/checkpoint/checkpoint.ts';
import { encodeSafetensors, type SafeTensor } from '../../src/formats/safetensors/index.ts';
import { manualSeed, type nn, open, optim, randn, scope, setDefaultDevice } from '../../src/index.ts';
import { buildModel } from '../../src/pipeline/models/buildModel.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { MODELS, modelText } from '../exchange/models.ts';
import { BOUND, difference, logitsOf, modelOn, readTensors } from '../exchange/suite.ts';
import { skipMissing } from './missing.ts';
import { NO_PYTORCH, python } from './python.ts';

const cpu = await open('cpu');
const SCRIPT = 'scripts/pytorch-exchange.py';

function runScript(context: TestContext, ...args: string[]): void {
  if (python === undefined) skipMissing(context, NO_PYTORCH);
  execFileSync(python, [SCRIPT, ...args], { stdio: 'pipe', timeout: 60_000 });
}

/** PyTorch's logits for a wgrad model, by way of a checkpoint, and how far wgrad's are from them. */
async function deviation(context: TestContext, model: nn.Module, shape: readonly number[]): Promise<number> {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder, `${name}.safetensors`);
  const optimizer = new optim.Adam(model.parameters());
  await saveCheckpoint(file('model'), model, optimizer, { epoch: 0, step: 0 }, '');
  const data = (await randn(shape, { seed: 2, stream: 0, device: cpu }).data()) as Float32Array;
  const images: SafeTensor = { dtype: 'F32', shape, data };
  writeFileSync(file('images'), encodeSafetensors({ images }));
  runScript(context, 'run', file('model'), file('images'), file('logits'));
  return difference(await logitsOf(model, images), readTensors(file('logits')).get('logits')!);
}

describe('with PyTorch itself', () => {
  for (const name of MODELS) {
    test(`a checkpoint of the ${name} loads strictly into PyTorch's model, which gives wgrad's logits`, async (context) => {
      manualSeed(3);
      const model = modelOn(modelText(name), cpu);
      // A step in training mode moves running statistics, where there are some.
      scope(() => model.train().forward(randn([4, 1, 8, 8], { seed: 1, stream: 0 })));
      expect(await deviation(context, model, [5, 1, 8, 8])).toBeLessThan(BOUND);
    });

    test(`PyTorch's state dict of the ${name} loads into wgrad's model, which gives PyTorch's logits`, async (context) => {
      const model = modelOn(modelText(name), cpu);
      const folder = temporaryFolder();
      const text = join(folder, 'model.txt');
      writeFileSync(text, String(model));
      runScript(context, 'make', text, folder, '--input', '6,1,8,8', '--seed', '5');
      await loadWeights(join(folder, 'weights.safetensors'), model);
      const expected = readTensors(join(folder, 'expected.safetensors'));
      const found = await logitsOf(model, expected.get('images')!);
      expect(difference(found, expected.get('logits')!)).toBeLessThan(BOUND);
    });
  }

  test('so does the network of configs/mlp.yaml', async (context) => {
    setDefaultDevice(cpu);
    const model = buildModel({ name: 'mlp', hidden: [256, 128], dropout: 0 }, FASHION_MNIST_DESCRIPTION);
    expect(await deviation(context, model, [8, 1, 28, 28])).toBeLessThan(BOUND);
  });
});
