import { setDefaultDevice } from '../src/tensor/device.ts';

// Files share a process and its modules: each begins without the default device that the one before has left.
setDefaultDevice(undefined);
