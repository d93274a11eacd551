import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noGrad, open, setDefaultDevice, type Tensor } from '../../../src/index.ts';
import { exportOnnx } from '../../../src/formats/onnx/index.ts';
import { type Example, examples, make } from '../../formats/onnx/models.ts';
import { temporaryFolder } from '../../pipeline/files/disks.ts';
import { runScript, toolsPython } from '../toolsPython.ts';

/** What check.py says of a file. */
interface Answer {
  readonly fault: string | null;
  readonly difference: number;
}

const BOUND = 1e-4;

async function asJson(x: Tensor): Promise<object> {
  return { shape: x.shape, dtype: x.dtype, data: Array.from(await x.data()) };
}

/** Writes the file of an example, and its results for the example input and for one sample of it. */
async function write(file: string, example: Example, opset: number): Promise<void> {
  const { fixed = false } = example;
  const { model, input } = make(example);
  writeFileSync(`${file}.onnx`, await exportOnnx(model, input, { opset, dynamicBatch: !fixed }));
  const runs = [];
  for (const x of fixed ? [input] : [input, input.slice([0, 1])]) {
    const output = noGrad(() => model.forward(x));
    runs.push({ inputs: { input: await asJson(x) }, output: await asJson(output) });
  }
  writeFileSync(`${file}.json`, JSON.stringify({ runs }));
}

describe('onnx finds no fault, and onnxruntime gives the same results for any batch', () => {
  test.for([13, 17, 21])('with the operators of opset %i', async (opset, context) => {
    const python = toolsPython(context, 'onnx', 'onnxruntime');
    setDefaultDevice(await open('cpu'));
    const folder = temporaryFolder();
    for (const [index, example] of examples.entries()) await write(join(folder, `${index}`), example, opset);
    const answers = (await runScript(python, 'onnx/check.py', folder)) as Record<string, Answer>;
    const wrong = examples.flatMap(({ name }, index) => {
      const { fault, difference } = answers[index]!;
      return fault === null && difference < BOUND ? [] : [`${name}: ${fault ?? difference}`];
    });
    expect(wrong).toEqual([]);
  });
});
