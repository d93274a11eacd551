/** The command that writes a trained model as an ONNX file. */
import { argument, command, flag, option } from './pipeline/cli/command.ts';
import { nameOrPath, path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, modelsFolder, print, runsFolder } from './pipeline/cli/shared.ts';
import { wholeNumber } from './pipeline/cli/values.ts';

const onnx = command({
  about: `
    Writes a trained model as an ONNX file, which other tools run: onnxruntime, TensorRT, browsers. It takes images as
    float32 [batch, 1, height, width], normalised, and gives the logits of each class. The file's metadata name the classes and
    the normalisation, (byte / 255 - mean) / std.

    The model is a run (latest, its id, or its folder) or a model of the registry (NAME for its champion, NAME@ALIAS,
    NAME/VERSION, or its folder).`,
  arguments: { model: argument('the run or model', nameOrPath) },
  options: {
    out: option('<file>', path, 'the file', { default: 'model.onnx' }),
    opset: option('<n>', wholeNumber(13, 21), "the version of ONNX's operators", { default: 17 }),
    fixedBatch: flag('take one image, instead of any number'),
    json,
    runs: runsFolder,
    models: modelsFolder,
  },
  examples: ['latest', 'cnn@champion --out cnn.onnx', 'latest --opset 13 --fixed-batch'],
  run: async ({ model: reference, out, opset, fixedBatch, json, runs, models }) => {
    const { init } = await import('./tensor/device.ts');
    const { toOnnx } = await import('./pipeline/models/toOnnx.ts');
    const { storeFile } = await import('./pipeline/files/atomicFile.ts');
    const { findTrainedModel } = await import('./serve/registry/trainedModel.ts');
    const trained = await findTrainedModel(reference, { runs, models });
    // The passes that record the operations compute little.
    const device = await init('cpu');
    try {
      const { model, data } = await trained.load();
      const bytes = await toOnnx(model, data, { name: trained.name, opset, dynamicBatch: !fixedBatch });
      await storeFile(out, bytes);
      const written = { written: out, bytes: bytes.length, model: trained.name, opset };
      print(json, written, `written  ${out} (${bytes.length} bytes, opset ${opset}, ${trained.name})`);
    } finally {
      device.destroy();
    }
  },
});

await runCommand('npx tsx src/export.ts', onnx);
