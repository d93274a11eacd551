import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Choice } from '../../src/backend/webgpu/tuning/choice.ts';
import { tuningRecord } from '../../src/pipeline/diagnostics/tuning/identity.ts';
import { loadTuning } from '../../src/pipeline/diagnostics/tuning/stored.ts';
import { Tuning } from '../../src/backend/webgpu/tuning/tuning.ts';
import { loadConfiguration } from '../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { launchesOf } from '../../src/pipeline/diagnostics/tuning/launches.ts';
import '../../src/ops/methods.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, spawnCommand, trainTiny } from './commands.ts';

const sizes = ['model.hidden=[16]', 'train.batchSize=50'];
/** One that the built-in rules never take. */
const choice: Choice = { kernel: 'matmul', tile: { TILE_ROWS: 4, WORKGROUP_SIZE: 16 } };

function tuningEnvironment(value: string): void {
  vi.stubEnv('WGRAD_TUNING', value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

function json(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

test('a run goes on, and is done again, with the choices of kernels that it has recorded', async (context) => {
  const { info } = await webgpuOrSkip(context);
  const launches = launchesOf(loadConfiguration('configs/mlp.yaml', sizes), FASHION_MNIST_DESCRIPTION);
  const tuning = new Tuning(info, new Map(launches.map(({ shape }) => [shape, choice])));
  const record = tuningRecord(info, tuning.choices);
  const file = join(temporaryFolder(), 'tuning.json');
  writeFileSync(file, JSON.stringify(record));
  const chosen = `measured for ${launches.length} classes of shapes (`;
  expect(tuning.description).toContain(chosen);

  tuningEnvironment(file);
  const doctor = await spawnCommand('doctor');
  expect(doctor.stdout).toContain(tuning.description);
  const root = temporaryFolder();
  await trainTiny(root, 'device=webgpu', 'train.epochs=1');
  const run = join(root, 'latest');
  expect(json(join(run, 'tuning.json'))).toEqual(record);

  // From here on, only the run knows of them.
  tuningEnvironment('none');
  const resumed = await spawnCommand('train', '--resume', run, 'train.epochs=2');
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).toContain(`kernels ${tuning.description}`);
  expect(resumed.stderr).not.toContain('warning');
  expect(json(join(run, 'tuning.json'))).toEqual(record);
  const verified = await spawnCommand('verify', run);
  expect(verified.stderr).toContain(`kernels ${tuning.description}`);
  expect(verified.stdout, verified.stderr).toMatch(/verdict +reproduced\n/);
  expect(verified.stdout).toContain('environment  the same');

  // Recorded for other kernels, they do not fit any more.
  writeFileSync(join(run, 'tuning.json'), JSON.stringify({ ...record, kernels: '0'.repeat(64) }));
  const stale = await spawnCommand('train', '--resume', run, 'train.epochs=3');
  expect(stale.code, stale.stderr).toBe(0);
  expect(stale.stderr).toMatch(
    /warning: the choice of kernels in \S+tuning\.json is of other versions of the kernels; it is not used\./,
  );
  expect(stale.stderr).toMatch(/kernels built-in rules for/);
}, 240_000);

test('a file of another adapter is left aside, and doctor says so', async (context) => {
  await webgpuOrSkip(context);
  const file = join(temporaryFolder(), 'tuning.json');
  writeFileSync(file, JSON.stringify(tuningRecord({ vendor: 'someone else' }, {})));
  tuningEnvironment(file);
  const { stdout } = await spawnCommand('doctor');
  expect(stdout).toMatch(/tuning +built-in rules for/);
  expect(stdout).toMatch(/is of another adapter or driver: vendor 'someone else', here[^]*npm run tune/);
});

test('npm run tune measures every class of shapes, and keeps a file that devices take', async (context) => {
  const { info } = await webgpuOrSkip(context);
  const file = join(temporaryFolder(), 'tuning.json');
  tuningEnvironment(file);
  const command = ['configs/mlp.yaml', ...sizes, '--seconds', '1'];
  expect((await spawnCommand('tune', ...command, '--dry-run')).stderr).toContain(
    'kept    nothing: --dry-run',
  );
  expect(existsSync(file)).toBe(false);
  const { code, stdout, stderr } = await spawnCommand('tune', ...command);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`kept    ${file}`);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(7);
  for (const [index, line] of lines.entries()) {
    expect(line).toMatch(RegExp(`^${index + 1}/7  matmul \\d+x\\d+x\\d+ [NT]{2}( 4 times)?: built-in `));
  }
  const { note, choices } = loadTuning(info);
  expect(note).toBeUndefined();
  // Which ones were faster in so short a time is left to chance; what is printed is what is kept.
  expect(Object.keys(choices).length).toBe(lines.filter((line) => / by matmul\w* /.test(line)).length);
}, 240_000);

test('npm run tune refuses what nothing would use', async () => {
  tuningEnvironment('none');
  const { code, stderr } = await callCommand('tune');
  expect(code).toBe(2);
  expect(stderr).toContain('WGRAD_TUNING is none');
});
