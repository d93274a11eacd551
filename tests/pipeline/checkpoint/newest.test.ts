import { promises, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nn, open, optim, setDefaultDevice } from '../../../src/index.ts';
import { saveCheckpoint } from '../../../src/pipeline/checkpoint/checkpoint.ts';
import { LAST, newestCheckpoint, retireLast } from '../../../src/pipeline/checkpoint/files.ts';
import {
  decodeDescription,
  decodeMetadata,
  encodeMetadata,
} from '../../../src/pipeline/checkpoint/metadata.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { temporaryFolder } from '../files/disks.ts';

setDefaultDevice(await open('cpu'));

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const none = { value: null, epoch: 0, stale: 0 };
const progress = { best: none, stopping: none, samples: 0, trainingSeconds: 0, seconds: 0 };
const extras = { progress, random: { seed: 1, stream: 2 }, device: 'cpu' };

async function write(folder: string, name: string, step: number): Promise<void> {
  const model = new nn.Linear(1, 1);
  const optimizer = new optim.SGD(model.parameters(), { lr: 1 });
  await saveCheckpoint(join(folder, name), model, optimizer, { epoch: 1, step }, 'seed: 1\n', extras);
}

describe('the newest checkpoint', () => {
  it('is the last, and otherwise that of the most steps, whose number may have more digits', async () => {
    const folder = temporaryFolder();
    const refused: string[] = [];
    const newest = async (): Promise<number | undefined> =>
      (await newestCheckpoint(folder, (reason) => refused.push(reason)))?.position.step;
    expect(await newest()).toBeUndefined();
    expect(await newestCheckpoint(join(folder, 'no'), () => undefined)).toBeUndefined();
    await write(folder, 'step-00000009.safetensors', 9);
    await write(folder, 'step-99999999.safetensors', 99_999_999);
    await write(folder, 'step-100000000.safetensors', 100_000_000);
    // No names of checkpoints.
    await write(folder, 'step-999.safetensors', 999_999_999);
    await write(folder, 'best.safetensors', 999_999_999);
    expect(await newest()).toBe(100_000_000);
    await write(folder, LAST, 5);
    expect(await newest()).toBe(5);
    expect(refused).toEqual([]);
    for (const name of [LAST, 'step-100000000.safetensors']) writeFileSync(join(folder, name), 'torn');
    expect(await newest()).toBe(99_999_999);
    expect(refused).toEqual([expect.stringContaining(LAST), expect.stringContaining('step-100000000')]);
    for (const name of ['step-99999999.safetensors', 'step-00000009.safetensors'])
      writeFileSync(join(folder, name), '');
    await expect(newest()).rejects.toThrow('has no intact checkpoint to continue from');
  });

  it('is copied where there are no hard links, and kept newest first', async () => {
    const refusal = Object.assign(new Error('no links here'), { code: 'EPERM' });
    vi.spyOn(promises, 'link').mockRejectedValue(refusal);
    syncBuiltinESMExports();
    const folder = temporaryFolder();
    writeFileSync(join(folder, LAST), 'weights');
    for (const step of [99_999_999, 100_000_000, 100_000_001]) await retireLast(folder, step, 3);
    expect(readdirSync(folder).sort()).toEqual([
      LAST,
      'step-100000000.safetensors',
      'step-100000001.safetensors',
    ]);
    expect(readFileSync(join(folder, 'step-100000001.safetensors'), 'utf8')).toBe('weights');
  });
});

describe('metadata of a checkpoint', () => {
  const entries = encodeMetadata({
    position: { epoch: 1, step: 2 },
    optimizerSteps: [1],
    optimizerGroups: [],
    progress,
    random: { seed: 1, stream: 2 },
    device: 'cpu',
    configuration: 'seed: 1\n',
  });
  const decoded = (changes: Record<string, string | undefined>) =>
    decodeMetadata(
      new Map(
        Object.entries({ ...entries, ...changes }).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        ),
      ),
    );

  it('comes back as it was', () => {
    expect(decoded({})).toEqual({
      position: { epoch: 1, step: 2 },
      optimizerSteps: [1],
      optimizerGroups: [],
      progress,
      random: { seed: 1, stream: 2 },
      device: 'cpu',
      configuration: 'seed: 1\n',
    });
    expect(decoded({ schedule: '{"last_epoch":3,"best":null,"_last_lr":[0.1]}' })).toMatchObject({
      schedule: { last_epoch: 3, best: null, _last_lr: [0.1] },
    });
    expect(decoded({ scaler: '{"scale":2,"growthTracker":1,"skipped":0}' })).toMatchObject({
      scaler: { scale: 2 },
    });
  });

  it.each([
    ...[
      'epoch',
      'step',
      'optimizerSteps',
      'optimizerGroups',
      'progress',
      'random',
      'device',
      'configuration',
    ].map((key): [string, string | undefined] => [key, undefined]),
    ['epoch', '-1'],
    ['step', '1.5'],
    ['step', 'x'],
    ['optimizerSteps', '[-1]'],
    ['optimizerGroups', '[{}]'],
    ['schedule', '{"a":"b"}'],
    ['scaler', '{"scale":2}'],
    ['random', '{"seed":1}'],
    ['progress', JSON.stringify({ ...progress, samples: -1 })],
    ['progress', JSON.stringify({ ...progress, seconds: -1 })],
    ['progress', JSON.stringify({ ...progress, best: { ...none, stale: -1 } })],
    ['data', '{}'],
  ])('names %s where it is %s', (key, value) => {
    expect(decoded({ [key]: value })).toBe(key);
  });

  it('describes the data; earlier files, which do not, are of Fashion-MNIST', () => {
    const own = {
      height: 1,
      width: 1024,
      classes: ['a', 'b'],
      mean: 0,
      std: 0.5,
      preparation: 'resize' as const,
    };
    const described = (data?: object) =>
      decodeDescription(new Map(data ? [['data', JSON.stringify(data)]] : []));
    expect(described()).toEqual(FASHION_MNIST_DESCRIPTION);
    expect(described(own)).toEqual(own);
    const wrong = [
      { height: 0 },
      { width: 1025 },
      { classes: ['a'] },
      { classes: ['a', ''] },
      { std: 0 },
      { mean: '0' },
    ];
    for (const change of [...wrong, { preparation: 'crop' }, { other: 1 }]) {
      expect(described({ ...own, ...change }), JSON.stringify(change)).toBeUndefined();
    }
  });
});
