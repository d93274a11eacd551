import { expect, test } from 'vitest';
import { open } from '../../../src/index.ts';
import { differences, type Run, withEarlier } from '../../../src/pipeline/experiment/resume.ts';
import { deviceText, type Environment } from '../../../src/pipeline/runs/environment.ts';

const device = await open('cpu');

function environment(changes: Partial<Environment> = {}): Environment {
  return { codeVersion: 'one', dataChecksums: { images: 'a' }, startedAt: 'then', ...changes } as Environment;
}

function run(trainedOn: string | undefined, before: Environment | undefined): Run {
  return {
    directory: { id: 'run', path: 'runs/run', checkpoints: 'runs/run/checkpoints' },
    checkpoint: trainedOn === undefined ? undefined : { device: trainedOn },
    environment: before,
  } as unknown as Run;
}

const here = deviceText(device);

test('a run that goes on as it was has no differences', () => {
  expect(differences(run(here, environment()), device, environment({ startedAt: 'now' }))).toEqual([]);
  expect(differences(run(undefined, undefined), device, environment())).toEqual([]);
});

test('another device and other code are named', () => {
  expect(differences(run('a GPU', undefined), device, environment())).toEqual([
    expect.stringContaining(`was trained on a GPU, and goes on on ${here}`),
  ]);
  expect(differences(run('a GPU', environment()), device, environment({ codeVersion: 'two' }))).toEqual([
    expect.stringContaining('a GPU'),
    expect.stringContaining('the code has changed'),
  ]);
});

test('other data are refused', () => {
  const now = environment({ dataChecksums: { images: 'b' } });
  expect(() => differences(run(here, environment()), device, now)).toThrow(
    /was trained on other data: .*"a".*"b"/,
  );
});

test('each continuation is recorded after the earlier ones', () => {
  const [first, second, third] = ['1', '2', '3'].map((startedAt) => environment({ startedAt })) as [
    Environment,
    Environment,
    Environment,
  ];
  expect(withEarlier(run(here, undefined), first)).toEqual(first);
  const once = withEarlier(run(here, first), second);
  expect(once).toEqual({ ...first, resumed: [second] });
  expect(withEarlier(run(here, once), third)).toEqual({ ...first, resumed: [second, third] });
});
