import { join } from 'node:path';
import { stringify } from 'yaml';
import { openWeights } from '../../checkpoint/checkpoint.ts';
import { buildModel } from '../../models/buildModel.ts';
import { toOnnx } from '../../models/toOnnx.ts';
import type { Backend } from '../../../backend/backend.ts';
import type { Module } from '../../../nn/index.ts';
import { defaultDevice, open, setDefaultDevice } from '../../../tensor/device.ts';
import type { TrackedRun } from '../tracker.ts';

/** What runs it; MLflow installs it where it serves the model. */
const REQUIREMENTS = ['mlflow', 'onnx', 'onnxruntime'];

/**
 * The files of an MLflow model: the run's best weights as ONNX, which `mlflow.pyfunc.load_model` runs. It takes `images`,
 * normalised, and gives `logits`.
 *
 * @throws FileError where the run has no checkpoint
 */
export async function modelFiles(
  run: TrackedRun,
  mlflowRunId: string,
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { data, loadInto } = await openWeights(join(run.path, 'checkpoints', 'best.safetensors'));
  const device = await open('cpu');
  try {
    const model = onDevice(device, () => buildModel(run.configuration.model, data));
    loadInto(model);
    const bytes = await toOnnx(model.eval(), data, { name: run.id });
    const input = tensorSpec('images', [-1, 1, data.height, data.width]);
    const output = tensorSpec('logits', [-1, data.classes.length]);
    return new Map<string, string | Uint8Array>([
      ['model.onnx', bytes],
      ['requirements.txt', `${REQUIREMENTS.join('\n')}\n`],
      [
        'python_env.yaml',
        stringify({ python: '3.11', build_dependencies: ['pip'], dependencies: ['-r requirements.txt'] }),
      ],
      // Last: a folder with it is a model.
      [
        'MLmodel',
        stringify({
          artifact_path: 'model',
          flavors: {
            onnx: { data: 'model.onnx', providers: ['CPUExecutionProvider'] },
            python_function: {
              data: 'model.onnx',
              env: { virtualenv: 'python_env.yaml' },
              loader_module: 'mlflow.onnx',
            },
          },
          run_id: mlflowRunId,
          signature: { inputs: input, outputs: output, params: null },
        }),
      ],
    ]);
  } finally {
    device.destroy();
  }
}

/** Builds a model on a device; the default device, on which a run may have trained, stays what it is. */
function onDevice(device: Backend, build: () => Module): Module {
  let before: Backend | undefined;
  try {
    before = defaultDevice();
  } catch {
    // There is none.
  }
  setDefaultDevice(device);
  try {
    return build();
  } finally {
    setDefaultDevice(before);
  }
}

function tensorSpec(name: string, shape: readonly number[]): string {
  return JSON.stringify([{ name, type: 'tensor', 'tensor-spec': { dtype: 'float32', shape } }]);
}
