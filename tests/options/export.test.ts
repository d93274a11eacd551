// Each option of the command that writes ONNX files.

import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeModel } from '../../src/formats/onnx/decode.ts';
import { importOnnx } from '../../src/formats/onnx/index.ts';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { noGrad, open, rand, setDefaultDevice } from '../../src/index.ts';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { findTrainedModel } from '../../src/serve/registry/trainedModel.ts';
import { callCommand } from '../commands/commands.ts';
import { addModel, randomWeights, temporaryFolder } from '../serve/fixture.ts';
import { declaredOptions } from './commandOptions.ts';

/** A registry with the model `cnn`, a folder of runs with `a-run`, and a file that is not there yet. */
async function folders() {
  const [models, runs, results] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
  await addModel(models, 'cnn', 1, 'cnn');
  const { configuration, tensors } = await randomWeights('mlp', 7);
  const checkpoints = join(runs, 'a-run', 'checkpoints');
  await mkdir(checkpoints, { recursive: true });
  await writeFile(join(checkpoints, 'best.safetensors'), encodeSafetensors(tensors));
  await writeFile(
    join(runs, 'a-run', 'config.yaml'),
    printConfiguration({ ...configuration, device: 'cpu' }),
  );
  return { models, runs, out: join(results, 'below', 'model.onnx') };
}

test.each(['cnn', 'a-run'])(
  'the file of %s gives the logits of the model, and says its classes and normalisation',
  async (name) => {
    const { models, runs, out } = await folders();
    const roots = ['--models', models, '--runs', runs];
    const { code, stdout } = await callCommand('export', name, ...roots, '--out', out);
    const bytes = readFileSync(out);
    const shown = name === 'cnn' ? 'cnn/1' : name;
    expect([code, stdout]).toEqual([0, `written  ${out} (${bytes.length} bytes, opset 17, ${shown})\n`]);
    setDefaultDevice(await open('cpu'));
    const { model } = await (await findTrainedModel(name, { models, runs })).load();
    const again = importOnnx(bytes);
    const images = rand([3, 1, 28, 28]);
    const [expected, found] = noGrad(() => [model.forward(images), again.forward(images)]);
    const logits = await found.data();
    expect((await expected.data()).every((each, at) => Math.abs(each - logits[at]!) < 1e-5)).toBe(true);
    const { classes, mean, std } = FASHION_MNIST_DESCRIPTION;
    expect(again.metadata).toEqual({
      model: shown,
      classes: JSON.stringify(classes),
      mean: String(mean),
      std: String(std),
    });
    expect([again.inputNames, again.outputNames]).toEqual([['images'], ['logits']]);
  },
);

test('--opset, --fixed-batch and --json', async () => {
  const { models, out } = await folders();
  const { stdout } = await callCommand(
    ...([
      'export',
      'cnn',
      '--models',
      models,
      '--out',
      out,
      '--opset',
      '13',
      '--fixed-batch',
      '--json',
    ] as const),
  );
  const bytes = readFileSync(out);
  expect(JSON.parse(stdout)).toEqual({ written: out, bytes: bytes.length, model: 'cnn/1', opset: 13 });
  const { opset, inputs, outputs } = decodeModel(bytes);
  expect([opset, inputs[0]!.dims, outputs[0]!.dims]).toEqual([13, [1, 1, 28, 28], [1, 10]]);
});

test('an opset that cannot be written is a usage error', async () => {
  const { code, stderr } = await callCommand('export', 'cnn', '--opset', '9');
  expect([code, stderr]).toEqual([2, expect.stringContaining('a whole number from 13 to 21')]);
});

test('the tests above have every option', async () => {
  expect(await declaredOptions('export')).toEqual({
    '': ['out', 'opset', 'fixedBatch', 'json', 'runs', 'models'],
  });
});
