import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors/index.ts';
import { manualSeed, nn, open, optim, rand, setDefaultDevice } from '../../../src/index.ts';
import { getRngState, setRngState } from '../../../src/tensor/random.ts';
import {
  decodeWeights,
  hashWeights,
  loadWeights,
  openWeights,
  readCheckpoint,
  restoreCheckpoint,
  saveCheckpoint,
} from '../../../src/pipeline/checkpoint/checkpoint.ts';
import { weightsSha256 } from '../../../src/pipeline/checkpoint/weightsSha256.ts';
import { temporaryFolder } from '../files/disks.ts';

setDefaultDevice(await open('cpu'));

const none = { value: null, epoch: 0, stale: 0 };
const progress = {
  best: { value: 0.75, epoch: 2, stale: 1 },
  stopping: none,
  samples: 300,
  trainingSeconds: 1.5,
  seconds: 2,
};

function training(seed: number, hidden: number = 4) {
  manualSeed(seed);
  const model = new nn.Sequential(
    new nn.Linear(3, hidden),
    new nn.BatchNorm2d(hidden),
    new nn.Linear(hidden, 2),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
  const schedule = new optim.lrScheduler.StepLR(optimizer, 2);
  const scaler = new optim.GradScaler({ initScale: 4 });
  return { model, optimizer, schedule, scaler };
}

/** Steps of a training with a gradient for every parameter. */
function advance({ model, optimizer, schedule }: ReturnType<typeof training>, steps: number): void {
  for (let step = 0; step < steps; step++) {
    for (const each of model.parameters()) each.grad = rand([...each.shape]);
    optimizer.step();
    schedule.step();
  }
}

async function saved(): Promise<{ path: string; source: ReturnType<typeof training> }> {
  const source = training(1);
  advance(source, 3);
  const path = join(temporaryFolder(), 'last.safetensors');
  setRngState({ seed: 9, stream: 77 });
  await saveCheckpoint(path, source.model, source.optimizer, { epoch: 2, step: 3 }, 'seed: 9\n', {
    schedule: source.schedule,
    scaler: await source.scaler.stateDict(),
    random: getRngState(),
    device: 'cpu',
    progress,
  });
  return { path, source };
}

/** The file after a change of its parts; with a checksum of the new ones if `isSigned`. */
async function changed(
  change: (file: ReturnType<typeof decodeSafetensors>) => void,
  isSigned: boolean = true,
): Promise<string> {
  const { path } = await saved();
  const file = decodeSafetensors(readFileSync(path));
  const { metadata, tensors } = file as unknown as {
    metadata: Map<string, string>;
    tensors: typeof file.tensors;
  };
  metadata.delete('sha256');
  change({ ...file, metadata, tensors });
  if (isSigned) metadata.set('sha256', weightsSha256(tensors, Object.fromEntries(metadata)));
  writeFileSync(path, encodeSafetensors(new Map(tensors), new Map(metadata)));
  return path;
}

type Entries = Map<string, string>;

describe('a checkpoint', () => {
  it('holds all that a training needs to go on', async () => {
    const { path, source } = await saved();
    const expected = await hashWeights(source.model);
    const checkpoint = await readCheckpoint(path);
    expect(checkpoint).toMatchObject({ position: { epoch: 2, step: 3 }, progress, device: 'cpu' });
    expect(checkpoint.configuration).toBe('seed: 9\n');

    const other = training(5);
    expect(await hashWeights(other.model)).not.toBe(expected);
    restoreCheckpoint(checkpoint, other.model, other.optimizer, other.schedule, other.scaler);
    expect(getRngState()).toEqual({ seed: 9, stream: 77 });
    expect(await hashWeights(other.model)).toBe(expected);
    expect(await other.scaler.stateDict()).toEqual(await source.scaler.stateDict());
    expect(other.optimizer.lr).toBeCloseTo(0.01, 12);
    advance(other, 3);
    setRngState({ seed: 9, stream: 77 });
    advance(source, 3);
    expect(await hashWeights(other.model)).toBe(await hashWeights(source.model));
    expect(other.optimizer.lr).toBe(source.optimizer.lr);
  });

  it.each<[string, RegExp, (parts: { metadata: Entries }) => void, boolean?]>([
    ['without a checksum', /has no checksum/, () => undefined, false],
    ['without a step', /look at step$/, ({ metadata }) => metadata.delete('step')],
    ['with a negative epoch', /look at epoch$/, ({ metadata }) => metadata.set('epoch', '-1')],
    [
      'with two bad entries',
      /look at progress, random$/,
      ({ metadata }) => {
        metadata.set('progress', '{');
        metadata.set('random', '{"seed":1}');
      },
    ],
    ['with another checksum', /SHA-256 is not the one/, ({ metadata }) => metadata.set('sha256', 'f'), false],
  ])('%s is refused', async (_, message, change, isSigned) => {
    const path = await changed((file) => change(file), isSigned);
    await expect(readCheckpoint(path)).rejects.toThrow(message);
  });

  it('that is cut off, changed or missing is refused by name', async () => {
    const { path } = await saved();
    const bytes = readFileSync(path);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 3]! ^= 1;
    for (const [wrong, message] of [
      [bytes.subarray(0, -1), /last\.safetensors: is corrupt/],
      [flipped, /last\.safetensors: is corrupt: its SHA-256/],
      [Buffer.alloc(0), /last\.safetensors: is corrupt/],
    ] as const) {
      writeFileSync(path, wrong);
      await expect(readCheckpoint(path)).rejects.toThrow(message);
      await expect(openWeights(path)).rejects.toThrow(message);
      await expect(loadWeights(path, training(1).model)).rejects.toThrow(message);
    }
    await expect(readCheckpoint(`${path}.none`)).rejects.toThrow(/last\.safetensors\.none/);
  });

  it('of another training does not fit', async () => {
    const { path } = await saved();
    const whole = await readCheckpoint(path);
    const { schedule: _, ...unscheduled } = whole;
    const { scaler: __, ...unscaled } = whole;
    const other = training(2);
    const fits =
      (checkpoint: typeof whole, into = other) =>
      (): void => {
        restoreCheckpoint(checkpoint, into.model, into.optimizer, into.schedule, into.scaler);
      };
    expect(fits(unscheduled as typeof whole)).toThrow(/does not fit this training: no state of a schedule/);
    expect(fits(unscaled as typeof whole)).toThrow(/does not fit this training: no scale of the loss/);
    expect(fits(whole, training(2, 5))).toThrow(/does not fit this training/);
    const extra = new Map(whole.tensors).set('extra', { dtype: 'F32', shape: [], data: new Float32Array(1) });
    expect(fits({ ...whole, tensors: extra })).toThrow(/unknown tensor extra/);
    const doubles = new Map(whole.tensors).set('0.bias', {
      dtype: 'I32',
      shape: [4],
      data: new Int32Array(4),
    });
    expect(fits({ ...whole, tensors: doubles })).toThrow(/0\.bias: takes .*float32\[4\].*, got I32/);
  });
});

describe('weights', () => {
  it('load without the state of the optimizer, and with or without counters of batches', async () => {
    const { path, source } = await saved();
    const expected = await hashWeights(source.model);
    const { data, loadInto } = await openWeights(path);
    expect(data.classes).toHaveLength(10);
    const models = [training(3).model, training(4).model, training(5).model];
    loadInto(models[0]!);
    await loadWeights(path, models[1]!);
    decodeWeights(readFileSync(path), models[2]!);
    for (const model of models) expect(await hashWeights(model)).toBe(expected);
  });

  it('with a stranger among them are refused, and the model is unchanged', async () => {
    const path = await changed(({ tensors }) => {
      (tensors as Map<string, unknown>).set('stranger', {
        dtype: 'F32',
        shape: [1],
        data: new Float32Array(1),
      });
    });
    const { model } = training(6);
    const before = await hashWeights(model);
    await expect(loadWeights(path, model)).rejects.toThrow(/stranger/);
    expect(await hashWeights(model)).toBe(before);
    const counted = await changed(({ tensors }) => {
      const count = { dtype: 'I64', shape: [], data: new BigInt64Array(1) };
      (tensors as Map<string, unknown>).set('7.num_batches_tracked', count);
    });
    await loadWeights(counted, model);
    expect(await hashWeights(model)).not.toBe(before);
  });

  it('of data that cannot be described are refused', async () => {
    const path = await changed((file) => file.metadata.set('data', '{}'));
    await expect(openWeights(path)).rejects.toThrow(/does not say what data/);
  });

  it('have a hash that depends on every value and name', async () => {
    const model = new nn.Linear(2, 1);
    const before = await hashWeights(model);
    const other = new nn.Linear(2, 1);
    other.loadStateDict(model.stateDict());
    expect(await hashWeights(other)).toBe(await hashWeights(model));
    expect(await hashWeights(new nn.Sequential(model))).not.toBe(before);
  });
});
