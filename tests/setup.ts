import { setImmediate as turn } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { setDefaultDevice } from '../src/tensor/device.ts';
import { collectGarbage } from './collectGarbage.ts';

// Files share a process and its modules: each begins without the default device that the one before has left.
setDefaultDevice(undefined);

// A tensor that nobody disposed holds its buffer until a collection, which objects this small do not cause. Mesa maps each
// buffer, and Linux kills a process that needs more than 65,530 maps.
afterAll(async () => {
  collectGarbage();
  await turn();
});
