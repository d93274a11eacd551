import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Choice } from '../../../../src/backend/webgpu/tuning/choice.ts';
import { kernelsHash } from '../../../../src/pipeline/diagnostics/tuning/identity.ts';
import { loadTuning, tuningPath } from '../../../../src/pipeline/diagnostics/tuning/stored.ts';
import { storeChoices } from '../../../../src/pipeline/diagnostics/tuning/tune.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { info } from './fakeDevice.ts';

const shape = 'matmul 128x256x1024 NT';
const choice: Choice = { kernel: 'matmul', tile: { TILE_ROWS: 4, WORKGROUP_SIZE: 8 } };

test('what a tuning has found is loaded by the next device on the same adapter, and by no other', async () => {
  const cache = join(temporaryFolder(), 'not', 'there', 'yet');
  vi.stubEnv('WGRAD_TUNING', undefined);
  vi.stubEnv('XDG_CACHE_HOME', cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = await storeChoices({ info, choices: new Map([[shape, choice]]), measured: 1 });
  expect(path).toBe(tuningPath(info));
  expect(path.startsWith(cache)).toBe(true);
  expect(loadTuning(info)).toEqual({ choices: { [shape]: choice } });
  expect(loadTuning({ ...info, device: 'another' }).choices).toEqual({});
  // A later tuning takes the file's place.
  await storeChoices({ info, choices: new Map(), measured: 1 });
  expect(loadTuning(info).choices).toEqual({});
  expect(readFileSync(path, 'utf8')).toContain('"choices": {}');
});

test('choices hold for kernels with other comments, and not for other code', () => {
  const source = (text: string) => (): string => text;
  const hash = kernelsHash(source('fn f() {\n  return 1u;\n}\n'));
  expect(kernelsHash(source('// A function.\nfn f() {\n    return 1u; // one\n\n}\n'))).toBe(hash);
  expect(kernelsHash(source('fn f() {\n  return 2u;\n}\n'))).not.toBe(hash);
});
