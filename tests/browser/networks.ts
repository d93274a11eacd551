import type * as library from '../../src/index.ts';

/** What a training leaves behind. */
export interface Trained {
  /** Of every step. */
  readonly losses: number[];
  /** What steps 20 to the end have created. */
  readonly created: { readonly buffers: number; readonly pipelines: number; readonly bytesAlive: number };
}

/** Trains a network like the pipeline's on random images with a captured step, on the default device. Runs in Node and, without its types, in pages. */
export async function trainNetwork(
  { capture, crossEntropy, manualSeed, nn, optim, randint, randn }: typeof library,
  device: library.Backend,
  name: 'mlp' | 'cnn',
  steps: number,
): Promise<Trained> {
  manualSeed(3);
  const { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential } = nn;
  const dense = (inputs: number) => [
    new Linear(inputs, 128),
    new ReLU(),
    new Dropout(0.2),
    new Linear(128, 10),
  ];
  const block = (inputs: number, outputs: number) => [
    new Conv2d(inputs, outputs, 3, { padding: 1 }),
    new BatchNorm2d(outputs),
    new ReLU(),
    new MaxPool2d(2),
  ];
  const layers =
    name === 'mlp'
      ? [new Flatten(), ...dense(784)]
      : [...block(1, 8), ...block(8, 16), new Flatten(), ...dense(16 * 49)];
  const model = new Sequential(...layers);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const step = capture((images: library.Tensor, labels: library.Tensor) => {
    const loss = crossEntropy(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  });
  const batches = Array.from({ length: 4 }, () => [randn([32, 1, 28, 28]), randint(0, 10, [32])] as const);
  const losses: number[] = [];
  let before = device.stats();
  for (let at = 0; at < steps; at++) {
    losses.push(await step(...batches[at % 4]!).item());
    if (at === 19) before = device.stats();
  }
  const after = device.stats();
  return {
    losses,
    created: {
      buffers: after.buffersCreated - before.buffersCreated,
      pipelines: after.pipelinesCreated - before.pipelinesCreated,
      bytesAlive: after.bytesAlive - before.bytesAlive,
    },
  };
}

/** Whether a device that is lost says so, and a new one works. */
export async function loseDevice({ init, ones }: typeof library): Promise<string[]> {
  const devices: GPUDevice[] = [];
  const { prototype } = GPUAdapter;
  const requestDevice: GPUAdapter['requestDevice'] = Reflect.get(prototype, 'requestDevice');
  prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    devices.push(device);
    return device;
  };
  await init('webgpu');
  const x = ones([4]);
  devices.at(-1)!.destroy();
  await devices.at(-1)!.lost;
  const answers: string[] = [];
  const sum = async (): Promise<unknown> => x.add(1).data();
  await sum().then(
    () => answers.push('no error'),
    (error: unknown) => answers.push(String(error)),
  );
  await init('webgpu');
  answers.push((await ones([2]).add(1).data()).join());
  prototype.requestDevice = requestDevice;
  return answers;
}
