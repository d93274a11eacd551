import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeSafetensors, type SafeTensor } from '../../src/formats/safetensors/index.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { skipMissing } from './missing.ts';

const reader = `
import json, struct, sys
raw = open(sys.argv[1], 'rb').read()
n, = struct.unpack('<Q', raw[:8])
header = json.loads(raw[8:8 + n])
begin, end = header['w']['data_offsets']
print(json.dumps([header['__metadata__'], struct.unpack('<3f', raw[8 + n + begin:8 + n + end])]))
`;

it('is read by a program in another language', (context) => {
  const path = join(temporaryFolder(), 'x.safetensors');
  const w: SafeTensor = { dtype: 'F32', shape: [3], data: new Float32Array([1.5, -2, 0.25]) };
  writeFileSync(
    path,
    encodeSafetensors({ w, z: { dtype: 'F64', shape: [1], data: new Float64Array(1) } }, { name: 'ü' }),
  );
  const { error, stdout, stderr } = spawnSync('python3', ['-c', reader, path], { encoding: 'utf8' });
  if (error) skipMissing(context, `needs python3: ${error.message}`);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([{ name: 'ü' }, [1.5, -2, 0.25]]);
});
