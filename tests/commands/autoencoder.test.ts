// What each command does with a run that is no classifier.
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/formats/onnx/index.ts';
import { open, rand, setDefaultDevice } from '../../src/index.ts';
import { openRun } from '../../src/pipeline/runs/open.ts';
import type { ReconstructionReport } from '../../src/pipeline/evaluation/report/report.ts';
import type { RunSummary } from '../../src/pipeline/runs/summary.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { callCommand, type Outcome, spawnCommand, trainTiny } from './commands.ts';

describe('a run of an autoencoder', () => {
  const root = mkdtempSync(join(tmpdir(), 'wgrad-test-'));
  let path: string;
  let run: string;
  const runs = ['--runs', root];
  const read = (name: string): unknown => JSON.parse(readFileSync(join(path, name), 'utf8'));
  const expectRefusal = ({ code, stderr }: Outcome, what: string, instead: string): void => {
    expect(code).toBe(1);
    expect(stderr).toContain(`${what} takes classifiers; ${run} is an autoencoder. ${instead}`);
  };
  beforeAll(async () => {
    await fetchFashionMnist('data/raw');
    const { code, stdout, stderr } = await spawnCommand(
      'train',
      'configs/autoencoder.yaml',
      ...[
        'device=cpu',
        'data.validation=200',
        'train.epochs=2',
        'train.limitTrain=300',
        'train.limitTest=100',
      ],
      ...[
        'train.batchSize=50',
        'train.logEvery=3',
        'model.channels=[2,3]',
        'model.latent=3',
        `run.dir=${root}`,
      ],
      'tracking=[tensorboard,csv,dvclive]',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /test loss {6}\d+\.\d{4} \(reconstruction \d+\.\d{4}, kl \d+\.\d{4}\), validation \d+/,
    );
    expect(stderr).toMatch(
      /epoch 1\/2: validation loss \d+\.\d{4}, reconstruction \d+\.\d{4}, kl \d+\.\d{4}\n/,
    );
    path = realpathSync(join(root, 'latest'));
    run = basename(path);
  }, 120_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is evaluated: its loss and the terms of it, the same that the training measured', async () => {
    const reports = join(root, 'reports');
    const { code, stdout } = await callCommand('evaluate', 'latest', ...runs, '--reports', reports, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as ReconstructionReport;
    const { testLoss, testReconstruction, testKl, weightsSha256 } = read('summary.json') as RunSummary;
    expect(report).toMatchObject({
      run,
      weightsSha256,
      dataset: { images: 100 },
      loss: testLoss,
      reconstruction: testReconstruction,
      kl: testKl,
    });
    expect(read('evaluation.json')).toEqual(report);
    const { loss, reconstruction, kl } = report;
    expect(JSON.parse(readFileSync(join(reports, 'metrics.json'), 'utf8'))).toEqual({
      loss,
      reconstruction,
      kl,
    });
    const text = await callCommand('evaluate', 'latest', ...runs);
    expect(text.stdout).toContain(`loss            ${loss.toFixed(4)} nats an image`);
  });

  it('has no accuracy on corrupted images, and none to compare', async () => {
    expectRefusal(
      await callCommand('evaluate', run, ...runs, '--robustness'),
      'evaluate --robustness',
      'Leave it out.',
    );
    expectRefusal(
      await callCommand('evaluate', run, ...runs, '--compare', 'latest'),
      'evaluate --compare',
      'Leave it out.',
    );
  });

  it('is not comparable with a classifier', async () => {
    await trainTiny(root);
    expectRefusal(
      await callCommand('evaluate', 'latest', ...runs, '--compare', run),
      'evaluate --compare',
      'Leave it out.',
    );
  });

  it('has figures of reconstructions and samples, the same each time', { timeout: 120_000 }, async () => {
    const draw = (): Promise<Outcome> => spawnCommand('visualize', path, '--images', '40', '--json');
    const { code, stdout, stderr } = await draw();
    expect(code, stderr).toBe(0);
    const figures = ['training-curves', 'reconstructions', 'samples', 'embedding', 'class-samples'];
    expect(JSON.parse(stdout)).toEqual({
      page: join(path, 'report.html'),
      figures: figures.map((name) => join(path, 'figures', name)),
    });
    const svg = (name: string): string => readFileSync(join(path, 'figures', `${name}.svg`), 'utf8');
    const [rebuilt, samples] = [svg('reconstructions'), svg('samples')];
    // 40 test images, each above what becomes of it; 96 samples.
    expect(rebuilt.split('<image').length - 1).toBe(80);
    expect(samples.split('<image').length - 1).toBe(96);
    expect(decode(readFileSync(join(path, 'figures', 'samples.png'))).width).toBeGreaterThan(300);
    expect(svg('training-curves')).toMatch(/loss \(nats an image\)[^]*reconstruction[^]*KL divergence/);
    const page = readFileSync(join(path, 'report.html'), 'utf8');
    expect(page).toContain('nats an image');
    expect(page).not.toContain('test accuracy');
    await draw();
    expect([svg('reconstructions'), svg('samples')]).toEqual([rebuilt, samples]);
  });

  it('cannot classify pictures, and its card and its promotion are refused with what to do instead', async () => {
    const predicted = await callCommand('predict', run, 'data/raw', ...runs);
    expectRefusal(predicted, 'src/predict.ts', 'Draw what it makes of test images: npx tsx src/visualize.ts');
    const card = await callCommand('card', 'model', run, ...runs);
    expectRefusal(card, 'src/card.ts model', 'Write its report page instead: npx tsx src/visualize.ts');
    const models = join(root, 'models');
    const promoted = await callCommand('registry', 'promote', run, 'coder', ...runs, '--models', models);
    expectRefusal(promoted, 'the registry', 'Export it instead: npx tsx src/export.ts');
    expect(existsSync(models)).toBe(false);
  });

  it('is exported to ONNX, listed, shown, synchronised and compared', async () => {
    const out = join(root, 'model.onnx');
    expect(await callCommand('export', run, ...runs, '--out', out)).toMatchObject({ code: 0 });
    // The logits of the images that are rebuilt from the means.
    setDefaultDevice(await open('cpu'));
    const { model } = await openRun(root, run);
    const images = rand([2, 1, 28, 28], { seed: 1, stream: 1 });
    const imported = importOnnx(readFileSync(out));
    imported.eval();
    const [there, here] = await Promise.all(
      [imported.forward(images), model.forward(images)].map((logits) => logits.data()),
    );
    expect(there!.length).toBe(2 * 784);
    there!.forEach((logit, at) => expect(logit).toBeCloseTo(here![at]!, 5));
    const { testLoss } = read('summary.json') as RunSummary;
    const listed = await callCommand('runs', 'list', ...runs);
    expect(listed.stdout).toContain(`finished  loss ${testLoss.toFixed(4)}`);
    const shown = await callCommand('runs', 'show', run, ...runs);
    expect(shown.stdout).toContain(`${run}: finished, loss ${testLoss.toFixed(4)} on test`);
    const synced = await callCommand('runs', 'sync', run, ...runs, '--to', 'csv,dvclive');
    expect(synced.code).toBe(0);
    expect(readFileSync(join(path, 'metrics.csv'), 'utf8')).toMatch(/,test,kl,/);
    const compared = await callCommand('runs', 'compare', run, run, ...runs, '--out', join(root, 'both'));
    expect(compared.code).toBe(0);
    expect(readFileSync(join(root, 'both.svg'), 'utf8')).toContain('reconstruction (nats)');
  });

  it('is verified, and continues where it is finished with a hint', { timeout: 120_000 }, async () => {
    const { code, stdout } = await spawnCommand('verify', run, ...runs);
    expect(stdout).toContain('verdict      reproduced');
    expect(code).toBe(0);
    const resumed = await callCommand('train', '--resume', run, ...runs);
    expect(resumed.stderr).toMatch(/is finished: 2 epochs, test loss \d+/);
  });
});
