import { test } from 'vitest';
import { open } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { checkAgreement } from './agreementSuite.ts';

for (const name of ['mlp', 'cnn']) {
  test(`${name} on WebGPU: 1,000 test images get the answers of evaluate`, async (context) => {
    await webgpuOrSkip(context);
    await checkAgreement(() => open('webgpu'), name);
  }, 300_000);
}
