import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORRUPTIONS, SEVERITIES } from '../../src/pipeline/data/corruptions/index.ts';
import { type EvaluationReport, readEvaluation } from '../../src/pipeline/evaluation/report/report.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, copyLatest, spawnCommand, trainTiny } from './commands.ts';

describe('src/evaluate.ts', () => {
  const root = mkdtempSync(join(tmpdir(), 'wgrad-test-'));
  const reports = join(root, 'made', 'reports');

  beforeAll(async () => {
    await trainTiny(root, 'name=first');
    await trainTiny(root, 'name=second', 'seed=7');
  }, 120_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('measures what the training measured, and more, into the run’s folder and the reports', async () => {
    const { code, stdout, stderr } = await spawnCommand(
      'evaluate',
      'latest',
      '--runs',
      root,
      '--reports',
      reports,
    );
    expect(stderr).toContain('evaluation.json');
    expect(code).toBe(0);
    const report = await readEvaluation(join(root, 'latest', 'evaluation.json'));
    const summary = JSON.parse(readFileSync(join(root, 'latest', 'summary.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(report.accuracy).toBe(summary['testAccuracy']);
    expect(report.loss).toBeCloseTo(summary['testLoss'] as number, 5);
    expect(report.weightsSha256).toBe(summary['weightsSha256']);
    expect(report.dataset).toMatchObject({ name: 'fashion-mnist', split: 'test', images: 300 });
    expect(Object.keys(report.dataset.checksums)).toHaveLength(4);
    expect(report.run).toMatch(/^\d{8}-\d{6}-second$/);
    expect(report.confusion.flat().reduce((a, b) => a + b)).toBe(300);
    expect(report).not.toHaveProperty('robustness');
    expect(stdout).toContain('Ankle boot');
    expect(stdout).toMatch(/95 % confidence interval/);
    const metrics = JSON.parse(readFileSync(join(reports, 'metrics.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(metrics['accuracy']).toBe(report.accuracy);
  });

  it('evaluates on other images where it is told, and compares runs', async () => {
    const { code, stdout, stderr } = await callCommand(
      'evaluate',
      'latest',
      '--runs',
      root,
      '--reports',
      reports,
      '--limit',
      '120',
      '--json',
      '--compare',
      join(root, 'latest'),
    );
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as EvaluationReport;
    expect(report.dataset.images).toBe(120);
    // Twelve of each class.
    expect(report.classes.map(({ support }) => support)).toEqual(new Array(10).fill(12));
    expect(report.comparison).toMatchObject({ images: 120, onlyFirst: 0, onlyOther: 0, exactP: 1 });
    expect(await readEvaluation(join(root, 'latest', 'evaluation.json'))).toEqual(report);
  });

  it('measures robustness, and divides by a baseline’s errors', async () => {
    const args = [
      'latest',
      '--runs',
      root,
      '--reports',
      reports,
      '--robustness',
      '--robustness-images',
      '20',
    ];
    expect(await callCommand('evaluate', ...args)).toMatchObject({ code: 0 });
    const file = join(root, 'latest', 'evaluation.json');
    const { robustness } = await readEvaluation(file);
    expect(robustness).toMatchObject({ images: 20, seed: 0 });
    expect(robustness!.perCorruption.map(({ corruption }) => corruption)).toEqual(CORRUPTIONS);
    for (const { accuracy } of robustness!.perCorruption) expect(accuracy).toHaveLength(SEVERITIES);
    const again = await callCommand('evaluate', ...args, '--baseline', 'latest');
    expect(again.stdout).toContain('mean corruption error');
    const relative = await readEvaluation(file);
    // The same images, the same weights: the same errors, and so 1.
    expect(relative.robustness!.perCorruption).toEqual(robustness!.perCorruption);
    expect(relative.robustness!.normalised!.meanCorruptionError).toBeCloseTo(1, 12);
    const other = await callCommand('evaluate', ...args.slice(0, -1), '30', '--baseline', 'latest');
    expect(other.stderr).toContain('is no baseline for this: it takes 30 images');
    expect(other.code).toBe(1);
  }, 180_000);

  it('evaluates a model of the registry, and adds nothing to its folder', async () => {
    const folder = join(temporaryFolder(), 'reports');
    const args = ['mlp@champion', '--device', 'cpu', '--limit', '100', '--json', '--reports', folder];
    const { code, stdout, stderr } = await callCommand(
      'evaluate',
      ...args,
      '--compare',
      join(root, 'latest'),
    );
    expect(stderr).toContain('metrics.json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as EvaluationReport;
    const { record } = await openModelFolder('models/mlp/1');
    expect(report).toMatchObject({ run: 'mlp/1', weightsSha256: record.weightsSha256 });
    expect(report.parameterCount).toBe(record.metrics.parameterCount);
    expect(report.comparison).toMatchObject({
      images: 100,
      run: expect.stringMatching(/-second$/) as string,
    });
    const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as { accuracy: number };
    expect(metrics.accuracy).toBe(report.accuracy);
    // By its folder, and without --reports: nothing is written.
    const again = await callCommand(
      'evaluate',
      'models/mlp/1',
      '--device',
      'cpu',
      '--limit',
      '100',
      '--json',
    );
    expect(again.stderr).toBe('');
    expect(JSON.parse(again.stdout)).toMatchObject({ run: 'mlp/1', accuracy: report.accuracy });
  });

  it('explains itself', async () => {
    const { code, stdout, stderr } = await callCommand('evaluate', '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('exit codes');
  });

  it.each([
    ['no run', [], 'missing argument <model>'],
    ['two runs', ['latest', 'other'], 'other'],
    ['an unknown option', ['latest', '--fast'], '--fast'],
    ['an unknown device', ['latest', '--device', 'gpu'], 'webgpu, cpu or auto'],
    ['a baseline without robustness', ['latest', '--baseline', 'latest'], '--robustness'],
    ['a limit that is none', ['latest', '--limit', '0'], '--limit'],
  ])('refuses %s with exit code 2', async (_, args, expected) => {
    const { code, stdout, stderr } = await callCommand('evaluate', ...args);
    expect(stderr).toContain(expected);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('says which runs and models there are where there is none of the name', async () => {
    const { code, stderr } = await callCommand('evaluate', 'frist', '--runs', root);
    expect(stderr).toContain('first');
    expect(stderr).toContain('models holds cnn, mlp');
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });

  it.each([
    [
      'no checkpoint',
      (path: string) => rmSync(join(path, 'checkpoints'), { recursive: true }),
      'no such file',
    ],
    [
      'a checkpoint that was cut short',
      (path: string) => {
        const file = join(path, 'checkpoints', 'best.safetensors');
        writeFileSync(file, readFileSync(file).subarray(0, 5000));
      },
      'best.safetensors: is corrupt: the tensors take',
    ],
    [
      'a checkpoint of another network',
      (path: string) => {
        const file = join(path, 'config.yaml');
        writeFileSync(file, readFileSync(file, 'utf8').replace('hidden: [16]', 'hidden: [17]'));
      },
      '1.weight',
    ],
    ['no configuration', (path: string) => rmSync(join(path, 'config.yaml')), 'config.yaml'],
  ])('refuses a run with %s, and writes nothing', async (_, damage, expected) => {
    const copy = copyLatest(root);
    rmSync(join(copy.path, 'evaluation.json'), { force: true });
    damage(copy.path);
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await callCommand('evaluate', copy.path, '--reports', folder);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).not.toBe(0);
    await expect(readEvaluation(join(copy.path, 'evaluation.json'))).rejects.toThrow('no such file');
  });
});
