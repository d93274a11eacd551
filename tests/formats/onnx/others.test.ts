import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx, importOnnx, type OnnxModel } from '../../../src/formats/onnx/index.ts';
import { nn, noGrad, open, optim, setDefaultDevice, tensor, type Tensor } from '../../../src/index.ts';

const FOLDER = 'tests/fixtures/onnx';

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Fixture {
  readonly producer: string;
  readonly runs: readonly { readonly input: Values; readonly output: Values }[];
}

const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as Fixture;
const names = readdirSync(FOLDER).flatMap((file) => /^(\w+)\.onnx$/.exec(file)?.[1] ?? []);
// The other output of scikit-learn's file comes from operators of another domain.
const load = (name: string): OnnxModel =>
  importOnnx(
    readFileSync(`${FOLDER}/${name}.onnx`),
    name === 'sklearn' ? { outputs: ['probabilities'] } : {},
  );
const tensorOf = ({ data, shape }: Values): Tensor => tensor([...data], { shape, dtype: 'float32' });

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

async function differences(model: nn.Module, { runs }: Fixture): Promise<number[]> {
  return Promise.all(
    runs.map(async ({ input, output }) => {
      const found = noGrad(() => model.forward(tensorOf(input)));
      expect(found.shape).toEqual(output.shape);
      const data = await found.data();
      return Math.max(...output.data.map((each, at) => Math.abs(each - data[at]!)));
    }),
  );
}

describe('files of other tools', () => {
  it('are of PyTorch and scikit-learn', () => {
    const producers = names.map((name) => `${name}: ${fixture(name).producer.replace(/ .*/, '')}`);
    expect(producers).toEqual([
      'cnn: PyTorch',
      'mlp: PyTorch',
      'mobile: PyTorch',
      'resnet: PyTorch',
      'sklearn: scikit-learn',
      'unet: PyTorch',
      'vit: PyTorch',
    ]);
  });

  it.each(names)('%s gives the results of its tool', async (name) => {
    for (const difference of await differences(load(name), fixture(name)))
      expect(difference).toBeLessThan(1e-5);
  });

  it.each(names)('%s is exported and imported again', async (name) => {
    const found = fixture(name);
    const file = await exportOnnx(load(name), tensorOf(found.runs[0]!.input));
    for (const difference of await differences(importOnnx(file), found))
      expect(difference).toBeLessThan(1e-5);
  });

  it.each(names)('%s trains', async (name) => {
    const model = load(name).train();
    const [{ input }] = fixture(name).runs as [Fixture['runs'][number]];
    const before = await Promise.all(model.parameters().map((each) => each.toArray()));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    model.forward(tensorOf(input)).square().sum().backward();
    optimizer.step();
    const after = await Promise.all(model.parameters().map((each) => each.toArray()));
    // Biases before a batch norm, and what softmax takes out again, have no gradient.
    const changed = before.filter((each, at) => JSON.stringify(each) !== JSON.stringify(after[at]));
    expect(changed.length).toBeGreaterThan(before.length / 2);
  });
});

describe('the names of a state dict', () => {
  it('are those of PyTorch, and running statistics are buffers', () => {
    const model = load('cnn');
    expect(Object.keys(model.stateDict()).toSorted()).toEqual(
      ['0', '1', '4', '5', '9'].flatMap((layer) =>
        ['1', '5'].includes(layer)
          ? ['bias', 'running_mean', 'running_var', 'weight'].map((name) => `${layer}.${name}`)
          : [`${layer}.bias`, `${layer}.weight`],
      ),
    );
    expect(model.parameters()).toHaveLength(10);
    expect(model.training).toBe(false);
    expect(model.inputNames).toEqual(['images']);
    expect(model.outputNames).toEqual(['logits']);
  });
});
