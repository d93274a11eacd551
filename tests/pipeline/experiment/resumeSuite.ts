import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { philox4x32 } from '../../../src/backend/philox.ts';
import { readJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import { decodeSafetensors } from '../../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../../src/pipeline/checkpoint/weightsSha256.ts';
import { FinishedError, Interruption } from '../../../src/pipeline/training/errors.ts';
import { temporaryFolder } from '../files/disks.ts';
import { type Changes, type Outcome, resumeSmall, trainSmall } from '../training/trainingFixture.ts';

type Open = (context: TestContext) => Promise<Backend>;

/** Stands for a crash: what was written stays, and nothing is tidied up. */
class Crash extends Error {}

function without(object: object, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** The journal without what depends on time. */
function records(path: string): unknown[] {
  return readJournal(join(path, 'metrics.jsonl')).map(({ metrics, ...record }) => ({
    ...record,
    metrics: without(metrics, 'samplesPerSecond'),
  }));
}

/** All that must be equal at the end, however often a run was stopped. */
function ending(path: string): unknown {
  const checkpoints = ['best', 'last'].map((name) => {
    const file = readFileSync(join(path, 'checkpoints', `${name}.safetensors`));
    const { tensors, metadata } = decodeSafetensors(file);
    const exact = without(Object.fromEntries(metadata), 'progress', 'sha256', 'configuration');
    const progress = JSON.parse(metadata.get('progress')!) as object;
    return {
      tensors: weightsSha256(tensors),
      exact,
      progress: without(progress, 'seconds', 'trainingSeconds'),
    };
  });
  const summary = JSON.parse(readFileSync(join(path, 'summary.json'), 'utf8')) as object;
  return {
    checkpoints,
    summary: without(summary, 'samplesPerSecond', 'secondsToFirstStep', 'seconds'),
    records: records(path),
  };
}

/** Trains, crashing before the journal's records at the given steps, and goes on after each crash. */
async function trainCrashing(device: Backend, changes: Changes, crashes: readonly number[]): Promise<string> {
  const folder = temporaryFolder();
  const waiting = [...crashes];
  const onRecord = (step: number): void => {
    if (waiting[0] === undefined || step < waiting[0]) return;
    waiting.shift();
    throw new Crash();
  };
  const path = join(folder, 'latest');
  let run: Promise<Outcome> = trainSmall({ device, folder, changes, onRecord });
  for (;;) {
    try {
      await run;
      expect(waiting).toEqual([]);
      return path;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      run = resumeSmall(path, [], { device, onRecord });
    }
  }
}

/** Numbers that look random and are the same every time. */
function drawn(count: number, below: number, stream: number): number[] {
  return Array.from({ length: count }, (_, at) => philox4x32([at, 0, stream, 0], [7, 7])[0] % below);
}

const augmentation = { flip: 0.5, shift: 2, erase: 0.3 };
const cnn = { name: 'cnn', channels: [2, 3], hidden: [8], dropout: 0.3 };
const base: Changes = { epochs: 3, logEvery: 3, checkpointEvery: 4 };
const variants: readonly (readonly [string, Changes])[] = [
  ['dropout and augmentation', { ...base, dropout: 0.3, augmentation }],
  ['batch norm, and the loss as measure', { ...base, model: cnn, augmentation, best: { metric: 'loss' } }],
  [
    'sgd with momentum and onecycle',
    {
      ...base,
      optimizer: { name: 'sgd', lr: 0.1, momentum: 0.9 },
      schedule: { name: 'onecycle', maxLr: 0.1 },
    },
  ],
  [
    'nadam, cosine, clipping',
    {
      ...base,
      optimizer: { name: 'nadam', lr: 1e-3 },
      schedule: { name: 'cosine' },
      clipGradNorm: 1,
    },
  ],
  [
    'rmsprop, cosine, clipping',
    {
      ...base,
      optimizer: { name: 'rmsprop', momentum: 0.9, centered: true, lr: 1e-3 },
      schedule: { name: 'cosine' },
      clipGradNorm: 1,
    },
  ],
  [
    'adamw, plateau, accumulated gradients',
    {
      ...base,
      optimizer: { name: 'adamw', lr: 0.01 },
      schedule: { name: 'plateau', patience: 0, threshold: 9, thresholdMode: 'abs' },
      accumulate: 3,
      dropout: 0.2,
    },
  ],
  [
    'batch norm, averaged weights, smooth labels',
    { ...base, model: cnn, emaDecay: 0.9, labelSmoothing: 0.1 },
  ],
  [
    'an autoencoder, whose codes are drawn, with averaged weights',
    { ...base, model: { name: 'autoencoder', channels: [2, 3], latent: 3 }, augmentation, emaDecay: 0.9 },
  ],
  [
    'early stopping',
    {
      ...base,
      epochs: 20,
      lr: 0.1,
      dropout: 0.2,
      earlyStopping: { metric: 'accuracy', patience: 2, minDelta: 0.02 },
    },
  ],
  [
    'a checkpoint at every step',
    { ...base, epochs: 2, logEvery: 1, checkpointEvery: 1, keepLast: 1, dropout: 0.3 },
  ],
  [
    'float16 factors, adam, clipped',
    { ...base, epochs: 2, precision: 'float16', optimizer: { name: 'adam', lr: 1e-3 }, clipGradNorm: 1 },
  ],
];

/** What resuming promises, on a device. */
export function resumeSuite(open: Open): void {
  it.for(variants.map(([name, changes], index) => [name, changes, index] as const))(
    'ends as if it had never stopped, however often it crashes: %s',
    // SwiftShader takes half a minute for a CNN on a busy machine.
    { timeout: 240_000 },
    async ([, changes, index], context) => {
      const device = await open(context);
      if (changes.precision && !device.supports(changes.precision)) context.skip('no float16 on this device');
      const whole = await trainSmall({ device, folder: temporaryFolder(), changes });
      const expected = ending(whole.path);
      const last = whole.summary.steps;
      // Before the first checkpoint, anywhere, and at the end, the last time with no step since it went on.
      const crashes = [1, ...drawn(6, last, index), last, last].sort((a, b) => a - b);
      expect(ending(await trainCrashing(device, changes, crashes))).toEqual(expected);
    },
  );

  it('goes on after Ctrl-C in the middle and at the end of an epoch', async (context) => {
    const device = await open(context);
    const changes = { ...base, dropout: 0.3 };
    const expected = ending((await trainSmall({ device, folder: temporaryFolder(), changes })).path);
    for (const at of [9, 16]) {
      const folder = temporaryFolder();
      const controller = new AbortController();
      const onRecord = (step: number): void => {
        if (step === at) controller.abort();
      };
      const stopped = trainSmall({ device, folder, changes, onRecord, signal: controller.signal });
      await expect(stopped).rejects.toThrow(Interruption);
      const path = join(folder, 'latest');
      await resumeSmall(path, [], { device });
      expect(ending(path)).toEqual(expected);
    }
  });

  it('trains a finished run on for more epochs, as if they had been asked for at once', async (context) => {
    const device = await open(context);
    const changes = { ...base, dropout: 0.3, schedule: { name: 'step', stepSize: 2 } };
    const [short, long] = [
      await trainSmall({ device, folder: temporaryFolder(), changes: { ...changes, epochs: 2 } }),
      await trainSmall({ device, folder: temporaryFolder(), changes: { ...changes, epochs: 5 } }),
    ];
    await expect(resumeSmall(short.path, [], { device })).rejects.toThrow(FinishedError);
    await expect(resumeSmall(short.path, [], { device })).rejects.toThrow('is finished: 2 epochs');
    await resumeSmall(short.path, ['train.epochs=5'], { device });
    expect(ending(short.path)).toEqual(ending(long.path));
  });

  it('stops when its time is up, and goes on with more of it', async (context) => {
    const device = await open(context);
    const changes = { ...base, dropout: 0.3 };
    const expected = ending((await trainSmall({ device, folder: temporaryFolder(), changes })).path);
    const { path, summary } = await trainSmall({
      device,
      folder: temporaryFolder(),
      changes: { ...changes, maxMinutes: 1e-6 },
    });
    expect(summary).toMatchObject({ stopped: 'maxMinutes', epochs: 0, steps: 3 });
    expect(existsSync(join(path, 'checkpoints', 'best.safetensors'))).toBe(true);
    await expect(resumeSmall(path, [], { device })).rejects.toThrow(/has had its time: .* train.maxMinutes=/);
    await resumeSmall(path, ['train.maxMinutes=1000'], { device });
    expect(ending(path)).toEqual(expected);
  });

  it('takes the checkpoint before a corrupt one, saying so, and the end is the same', async (context) => {
    const device = await open(context);
    const changes = { ...base, dropout: 0.3, keepLast: 3 };
    const expected = ending((await trainSmall({ device, folder: temporaryFolder(), changes })).path);
    const folder = temporaryFolder();
    const onRecord = (step: number): void => {
      if (step === 28) throw new Crash();
    };
    await expect(trainSmall({ device, folder, changes, onRecord })).rejects.toThrow(Crash);
    const path = join(folder, 'latest');
    const checkpoints = join(path, 'checkpoints');
    expect(readdirSync(checkpoints).sort()).toEqual([
      'best.safetensors',
      'last.safetensors',
      'step-00000012.safetensors',
      'step-00000016.safetensors',
    ]);
    const last = join(checkpoints, 'last.safetensors');
    const bytes = readFileSync(last);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(last, bytes);
    const torn = '.last.safetensors.0123456789ab.tmp';
    writeFileSync(join(checkpoints, torn), 'half of a checkpoint');
    const notes: string[] = [];
    await resumeSmall(path, [], { device }, (note) => notes.push(note));
    expect(notes).toEqual([
      expect.stringMatching(/last.safetensors: is corrupt: its SHA-256 .*\n.*before it/),
    ]);
    expect(ending(path)).toEqual(expected);
    expect(readdirSync(checkpoints)).not.toContain(torn);
  });

  it('keeps as many checkpoints as asked for', async (context) => {
    const device = await open(context);
    const { path } = await trainSmall({
      device,
      folder: temporaryFolder(),
      changes: { ...base, keepLast: 1 },
    });
    expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual(['best.safetensors', 'last.safetensors']);
  });

  it('gives accumulated batches the gradient of one large batch', async (context) => {
    const device = await open(context);
    const losses = async (changes: Changes): Promise<number[]> => {
      const all = { ...changes, epochs: 2, logEvery: 1, optimizer: { name: 'sgd', lr: 0.1, momentum: 0.9 } };
      const { path } = await trainSmall({ device, folder: temporaryFolder(), changes: all });
      return readJournal(join(path, 'metrics.jsonl')).map(({ metrics }) => metrics.loss!);
    };
    const large = await losses({ batchSize: 96 });
    // 500 = 5 · 96 + 20: the last step has a whole batch of 32 less, and a part of one.
    const small = await losses({ batchSize: 32, accumulate: 3 });
    expect(small).toHaveLength(large.length);
    small.forEach((loss, index) => expect(loss).toBeCloseTo(large[index]!, 4));
  });
}

/** What needs no device in particular. */
export function refusalSuite(open: Open): void {
  it.for([
    ['optimizer.lr=1', /optimizer.lr: was 0.01, got 1; start a new run for that/],
    ['train.epochs=1', /train.epochs: was 2, got 1; more are possible, less are not/],
    ['model.hidden=[3]', /model.hidden: was \[ 16 \], got \[ 3 \]/],
    ['seed=3', /seed: was 1, got 3/],
    ['train.epochs=x', /train.epochs \(command line: train.epochs=x\)/],
  ] as const)('refuses the change %s', async ([override, message], context) => {
    const device = await open(context);
    const { path } = await trainSmall({ device, folder: temporaryFolder() });
    await expect(resumeSmall(path, [override], { device })).rejects.toThrow(message);
  });

  it('refuses more epochs where the schedule was laid out for all', async (context) => {
    const device = await open(context);
    const changes = { schedule: { name: 'cosine' } };
    const { path } = await trainSmall({ device, folder: temporaryFolder(), changes });
    await expect(resumeSmall(path, ['train.epochs=4'], { device })).rejects.toThrow(
      /schedule cosine was laid out/,
    );
  });

  it('says that early stopping ended a run, whatever epochs it is given', async (context) => {
    const device = await open(context);
    const changes = { epochs: 9, lr: 0, earlyStopping: { patience: 2 } };
    const { path, summary } = await trainSmall({ device, folder: temporaryFolder(), changes });
    expect(summary).toMatchObject({ stopped: 'earlyStopping', epochs: 3, bestEpoch: 1 });
    await expect(resumeSmall(path, ['train.epochs=20'], { device })).rejects.toThrow(
      /Early stopping ended it/,
    );
  });

  it('refuses checkpoints of which none is intact, whichever byte is wrong', async (context) => {
    const device = await open(context);
    const changes = { epochs: 1, keepLast: 1 };
    const { path } = await trainSmall({ device, folder: temporaryFolder(), changes });
    const last = join(path, 'checkpoints', 'last.safetensors');
    const whole = readFileSync(last);
    const padding = 8 + whole.readUInt32LE(0);
    for (const at of [...drawn(60, whole.length, 99), 0, 9, padding + 1, whole.length - 1]) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      // Spaces after the header count for nothing.
      if (
        bytes.subarray(0, padding).toString().trimEnd() === whole.subarray(0, padding).toString().trimEnd() &&
        at < padding
      )
        continue;
      writeFileSync(last, bytes);
      await expect(resumeSmall(path, ['train.epochs=2'], { device })).rejects.toThrow(/no intact checkpoint/);
    }
    copyFileSync(join(path, 'config.yaml'), last);
    await expect(resumeSmall(path, ['train.epochs=2'], { device })).rejects.toThrow(/no intact checkpoint/);
    writeFileSync(last, whole);
    await resumeSmall(path, ['train.epochs=2'], { device });
  });
}
