import { test } from 'vitest';
import { open } from '../../src/index.ts';
import { checkAgreement } from './agreementSuite.ts';

test.each(['mlp', 'cnn'])(
  '%s on the CPU: 1,000 test images get the answers of evaluate',
  async (name) => checkAgreement(() => open('cpu'), name),
  300_000,
);
