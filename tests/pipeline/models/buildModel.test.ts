import { beforeAll, describe, expect, it } from 'vitest';
import { type CnnConfiguration, parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { arange, full, init, manualSeed, nn, noGrad, rand, randn, scope, tensor } from '../../../src/index.ts';
import { FASHION_MNIST_DESCRIPTION, type NetworkShape } from '../../../src/pipeline/data/description.ts';
import { asAutoencoder } from '../../../src/pipeline/models/autoencoder.ts';
import { buildModel } from '../../../src/pipeline/models/buildModel.ts';

function cnn(
  options: Partial<CnnConfiguration>,
  shape: NetworkShape = FASHION_MNIST_DESCRIPTION,
): nn.Module {
  const optimizer = { name: 'adam' };
  return buildModel(
    parseConfiguration({ name: 'test', model: { name: 'cnn', ...options }, optimizer }).model,
    shape,
  );
}

function built(name: 'resnet' | 'vit' | 'autoencoder', options: object, shape: NetworkShape): nn.Module {
  const model = { name, ...options };
  const { model: described } = parseConfiguration({ name: 'test', model, optimizer: { name: 'adam' } });
  return buildModel(described, shape);
}

describe('buildModel', () => {
  beforeAll(async () => {
    await init('cpu');
  });

  it('fits images of other sizes and other numbers of classes', () => {
    const shape = { height: 17, width: 10, classes: ['a', 'b', 'c'] };
    scope(() => {
      const model = cnn({ channels: [2, 3, 4], hidden: [5] }, shape);
      expect(model.forward(rand([2, 1, 17, 10])).shape).toEqual([2, 3]);
      // 17 → 8 → 4 → 2 rows, 10 → 5 → 2 → 1 columns.
      expect(String(model)).toContain('Linear(in_features=8, out_features=5, bias=True)');
    });
    expect(() => cnn({ channels: [2, 3, 4, 5] }, shape)).toThrow(
      'model.channels: each block halves height and width, so images of 17 × 10 pixels take at most 3 blocks; got 4',
    );
  });

  it('builds the CNN with its defaults', () => {
    const model = cnn({});
    expect(String(model)).toBe(`Sequential(
  (0): Conv2d(1, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
  (1): BatchNorm2d(32, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): ReLU()
  (3): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (4): Conv2d(32, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
  (5): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (6): ReLU()
  (7): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (8): Flatten(start_dim=1, end_dim=-1)
  (9): Linear(in_features=3136, out_features=128, bias=True)
  (10): ReLU()
  (11): Linear(in_features=128, out_features=10, bias=True)
)`);
    expect(model.parameterCount()).toBe(421_738);
  });

  it.each([
    ['no batch norm', { batchNorm: false, dropout: 0.5 }],
    ['one block, a wide kernel', { channels: [3], kernelSize: 7, hidden: [] }],
    ['four blocks', { channels: [2, 3, 4, 5], hidden: [6, 7] }],
  ])('takes images to ten logits with %s', (_, options) => {
    scope(() => {
      expect(cnn(options).forward(rand([2, 1, 28, 28])).shape).toEqual([2, 10]);
    });
  });

  it('puts dropout before each dense layer of a CNN, and gives convolutions a bias without batch norm', () => {
    const model = cnn({ channels: [2], kernelSize: 5, batchNorm: false, hidden: [6], dropout: 0.25 });
    expect(String(model)).toBe(`Sequential(
  (0): Conv2d(1, 2, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
  (1): ReLU()
  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (3): Flatten(start_dim=1, end_dim=-1)
  (4): Dropout(p=0.25, inplace=False)
  (5): Linear(in_features=392, out_features=6, bias=True)
  (6): ReLU()
  (7): Dropout(p=0.25, inplace=False)
  (8): Linear(in_features=6, out_features=10, bias=True)
)`);
  });

  it('takes as many blocks as the smaller side can be halved', () => {
    const classes = ['a', 'b'];
    const shape = (height: number, width: number): NetworkShape => ({ height, width, classes });
    scope(() => {
      for (const [height, width] of [[16, 40], [40, 16], [31, 31]] as const) {
        const model = cnn({ channels: [1, 1, 1, 1], hidden: [] }, shape(height, width));
        expect(model.forward(rand([1, 1, height, width])).shape).toEqual([1, 2]);
      }
    });
    for (const [height, width] of [[15, 40], [40, 15]] as const) {
      expect(() => cnn({ channels: [1, 1, 1, 1] }, shape(height, width))).toThrow('take at most 3 blocks; got 4');
    }
  });

  it('builds a residual network for images of any size', async () => {
    const small = built('resnet', { channels: [2, 3], dropout: 0.1 }, { height: 1, width: 5, classes: ['a', 'b'] });
    expect(String(small)).toBe(`Sequential(
  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
  (1): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): ReLU()
  (3): ResidualBlock(
    (body): Sequential(
      (0): Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
      (1): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (2): ReLU()
      (3): Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
      (4): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    )
    (shortcut): Sequential()
  )
  (4): ResidualBlock(
    (body): Sequential(
      (0): Conv2d(2, 3, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False)
      (1): BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (2): ReLU()
      (3): Conv2d(3, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
      (4): BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    )
    (shortcut): Sequential(
      (0): Conv2d(2, 3, kernel_size=(1, 1), stride=(2, 2), bias=False)
      (1): BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    )
  )
  (5): AdaptiveAvgPool2d(output_size=1)
  (6): Flatten(start_dim=1, end_dim=-1)
  (7): Dropout(p=0.1, inplace=False)
  (8): Linear(in_features=3, out_features=2, bias=True)
)`);
    scope(() => {
      expect(small.forward(rand([2, 1, 1, 5])).shape).toEqual([2, 2]);
      const large = built('resnet', {}, FASHION_MNIST_DESCRIPTION);
      expect(large.parameterCount()).toBe(308_074);
      expect(large.forward(rand([2, 1, 28, 28])).shape).toEqual([2, 10]);
    });
    // A body whose last batch norm gives 0 leaves relu(x).
    if (!(small instanceof nn.Sequential)) throw new Error('not a chain');
    const block = small.layers[3]!;
    const last = block.namedParameters().filter(([name]) => name.startsWith('body.4.'));
    for (const [, parameter] of last) noGrad(() => parameter.zero_());
    const x = tensor([[[[1, -2]], [[-3, 4]]]]);
    expect(await block.forward(x).toArray()).toEqual([[[[1, 0]], [[0, 4]]]]);
  });

  it('builds a vision transformer, whose patches are tokens from left to right and from top to bottom', async () => {
    const classes = ['a', 'b', 'c'];
    const options = { patchSize: 2, width: 4, depth: 1, heads: 2 };
    const small = built('vit', options, { height: 4, width: 6, classes });
    const embedding = [...small.namedModules()].find(([name]) => name === '0')![1] as nn.Module;
    noGrad(() => {
      const [positions, weight, bias] = ['positions', 'projection.weight', 'projection.bias'].map((name) =>
        embedding.stateDict()[name]!,
      );
      positions!.zero_();
      weight!.fill_(1);
      bias!.copy_(tensor([0, 1, 2, 3]));
    });
    const images = arange(24).reshape(1, 1, 4, 6);
    const sums = [0, 2, 4, 12, 14, 16].map((first) => 4 * first + 14);
    expect(await embedding.forward(images).toArray()).toEqual([
      sums.map((sum) => [sum, sum + 1, sum + 2, sum + 3]),
    ]);
    expect(small.forward(images).shape).toEqual([1, 3]);
    scope(() => {
      const large = built('vit', {}, FASHION_MNIST_DESCRIPTION);
      expect(large.parameterCount()).toBe(138_890);
      expect(large.forward(rand([2, 1, 28, 28])).shape).toEqual([2, 10]);
    });
    expect(() => built('vit', { patchSize: 3 }, FASHION_MNIST_DESCRIPTION)).toThrow(
      'model.patchSize: takes a size that divides height and width of the images (28 × 28 pixels); got 3',
    );
    expect(() => built('vit', { heads: 5 }, FASHION_MNIST_DESCRIPTION)).toThrow(
      'model.heads: takes a number that divides model.width (64); got 5',
    );
  });

  it('builds an autoencoder, whose decoder undoes what its convolutions do to sides of any size', async () => {
    for (const [height, width] of [[28, 28], [5, 8], [1, 3], [7, 2]] as const) {
      const model = asAutoencoder(built('autoencoder', { channels: [2, 3], latent: 4 }, { height, width, classes: ['a', 'b'] }));
      const images = rand([3, 1, height, width]);
      const [mean, logVariance] = model.encode(images);
      expect([mean.shape, logVariance.shape]).toEqual([[3, 4], [3, 4]]);
      expect(model.decode(mean).shape).toEqual([3, 1, height, width]);
      // The mean of a code in an evaluation; another code for each call in a training.
      expect(await model.forward(images).toArray()).not.toEqual(await model.forward(images).toArray());
      model.eval();
      expect(await model.forward(images).toArray()).toEqual(await model.decode(mean).toArray());
    }
    expect(String(built('autoencoder', { channels: [2, 3], latent: 4 }, { height: 5, width: 8, classes: ['a', 'b'] })))
      .toBe(`Autoencoder(
  (encoder): Sequential(
    (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    (1): ReLU()
    (2): Conv2d(2, 3, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    (3): ReLU()
    (4): Flatten(start_dim=1, end_dim=-1)
    (5): Linear(in_features=12, out_features=8, bias=True)
  )
  (decoder): Sequential(
    (0): Linear(in_features=4, out_features=12, bias=True)
    (1): ReLU()
    (2): Images()
    (3): ConvTranspose2d(3, 2, kernel_size=(3, 4), stride=(2, 2), padding=(1, 1))
    (4): ReLU()
    (5): ConvTranspose2d(2, 1, kernel_size=(3, 4), stride=(2, 2), padding=(1, 1))
  )
)`);
    expect(() => asAutoencoder(cnn({}))).toThrow('takes an autoencoder; got Sequential');
  });

  it('draws codes around their means, with their variances', async () => {
    const model = asAutoencoder(built('autoencoder', { channels: [1], latent: 2 }, { height: 2, width: 2, classes: ['a', 'b'] }));
    manualSeed(5);
    const noise = await randn([3, 2]).toArray();
    manualSeed(5);
    const [mean, logVariance] = [full([3, 2], 10), full([3, 2], Math.log(4))];
    const codes = (await model.sample(mean, logVariance).toArray()) as number[][];
    codes.forEach((code, at) =>
      code.forEach((value, index) => expect(value).toBeCloseTo(10 + 2 * (noise as number[][])[at]![index]!, 5)),
    );
  });

  it('builds an MLP: dropout follows each hidden layer, and none is softmax regression', () => {
    const mlp = (options: object): string => {
      const model = { name: 'mlp', ...options };
      const { model: described } = parseConfiguration({ name: 'test', model, optimizer: { name: 'adam' } });
      return String(buildModel(described, { height: 3, width: 5, classes: ['a', 'b'] }));
    };
    expect(mlp({ hidden: [] })).toBe(`Sequential(
  (0): Flatten(start_dim=1, end_dim=-1)
  (1): Linear(in_features=15, out_features=2, bias=True)
)`);
    expect(mlp({ hidden: [7, 6], dropout: 0.5 })).toBe(`Sequential(
  (0): Flatten(start_dim=1, end_dim=-1)
  (1): Linear(in_features=15, out_features=7, bias=True)
  (2): ReLU()
  (3): Dropout(p=0.5, inplace=False)
  (4): Linear(in_features=7, out_features=6, bias=True)
  (5): ReLU()
  (6): Dropout(p=0.5, inplace=False)
  (7): Linear(in_features=6, out_features=2, bias=True)
)`);
  });
});
