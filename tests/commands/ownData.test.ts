import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { writeIdxImages, writeIdxLabels } from '../../src/pipeline/data/idx.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { spawnCommand, spawnCommandIn } from './commands.ts';

const [ROWS, COLUMNS, COUNT] = [6, 8, 60];

/** Images of two classes, the left or the right half bright. */
const pixels = Uint8Array.from({ length: COUNT * ROWS * COLUMNS }, (_, at) => {
  const isRight = Math.floor(at / (ROWS * COLUMNS)) % 2 === 1;
  return at % COLUMNS < COLUMNS / 2 === isRight ? 20 + (at % 7) : 200 + (at % 11);
});
const labels = Uint8Array.from({ length: COUNT }, (_, at) => at % 2);

function dataFolder(): string {
  const folder = temporaryFolder();
  const images = writeIdxImages({ count: COUNT, rows: ROWS, columns: COLUMNS, pixels });
  writeFileSync(join(folder, 'train-images-idx3-ubyte'), images);
  writeFileSync(join(folder, 'train-labels-idx1-ubyte'), writeIdxLabels(labels));
  return folder;
}

describe('data of one’s own', () => {
  it('are trained on, predicted, and refused when they change', async () => {
    const root = dataFolder();
    const runs = temporaryFolder();
    const settings = [
      ...['data.format=idx', 'data.name=halves', `data.root=${root}`, 'data.classes=[left,right]'],
      ...['data.validation=0.25', 'device=cpu', 'model.hidden=[8]', 'train.epochs=4', 'train.batchSize=8'],
      ...['optimizer.lr=0.02', `run.dir=${runs}`],
    ];
    const trained = await spawnCommand('train', 'configs/mlp.yaml', ...settings);
    expect(trained.stdout).toMatch(/test accuracy +100\.00 %/);
    const run = join(runs, 'latest');

    // From another folder: the paths that are printed are those that were given.
    const pictures = temporaryFolder();
    mkdirSync(join(pictures, 'mine'));
    const image = pixels.slice(ROWS * COLUMNS, 2 * ROWS * COLUMNS);
    const png = encode({ width: COLUMNS, height: ROWS, data: image, channels: 1, depth: 8 });
    writeFileSync(join(pictures, 'mine/right.png'), png);
    writeFileSync(join(pictures, 'broken.png'), png.subarray(0, 50));
    const words = ['mine', 'broken.png', join(root, 'train-images-idx3-ubyte'), '--out', 'out.csv'];
    const predicted = await spawnCommandIn({ cwd: pictures }, 'predict', run, ...words);
    expect(predicted.stderr).toMatch(/^broken\.png: the picture cannot be decoded.*\n61 images classified/m);
    expect(predicted).toMatchObject({ code: 1, stdout: '' });
    const lines = readFileSync(join(pictures, 'out.csv'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(62);
    expect(lines[0]).toBe('path,row,class,name,probability,p(left),p(right)');
    expect(lines[1]).toMatch(/^mine\/right\.png,,1,right,0\.\d+,/);
    // The same image in the IDX file.
    expect(lines[3]!.replace(/^.*idx3-ubyte,1,/, '')).toBe(lines[1]!.replace(/^mine\/right\.png,,/, ''));

    writeFileSync(join(root, 'train-labels-idx1-ubyte'), writeIdxLabels(labels.with(0, 1)));
    for (const [command, ...words] of [
      ['train', '--resume', run, 'train.epochs=5'],
      ['verify', run],
    ] as const) {
      const refused = await spawnCommand(command, ...words);
      expect(refused.stderr, command).toContain('was trained on other data');
      expect(refused.code, command).toBe(1);
    }
    const status = await spawnCommand('data', 'status', '--root', root);
    expect(status.stdout).toMatch(/train-images-idx3-ubyte +changed/);
  }, 120_000);

  it('are no Fashion-MNIST: without data.format they stay as they are, and nothing is trained', async () => {
    const root = dataFolder();
    const before = readFileSync(join(root, 'train-images-idx3-ubyte'));
    const { code, stderr } = await spawnCommand(
      'train',
      'configs/mlp.yaml',
      `data.root=${root}`,
      'device=cpu',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('other files have the names of Fashion-MNIST');
    expect(stderr).toContain('docs/guide/your-own-data.md');
    expect(readFileSync(join(root, 'train-images-idx3-ubyte')).equals(before)).toBe(true);
  });
});
