import {
  AdapterError,
  ArgumentError,
  CaptureError,
  DeviceError,
  DeviceLostError,
  DTypeError,
  FreedTensorError,
  GradientError,
  KernelError,
  nn,
  optim,
  OutOfMemoryError,
  SafetensorsError,
  ShapeError,
  Tensor,
  WgradError,
} from '../../src/index.ts';

/**
 * The classes beside those of modules and optimisers. Naming them, rather than `import *`, keeps a second list of everything that
 * the library exports out of the file: 1 kB with gzip.
 */
const classes = {
  AdapterError,
  ArgumentError,
  CaptureError,
  DeviceError,
  DeviceLostError,
  DTypeError,
  FreedTensorError,
  GradientError,
  KernelError,
  OutOfMemoryError,
  SafetensorsError,
  ShapeError,
  Tensor,
  WgradError,
};

/** Modules print the names of their classes, and errors contain them, but a minified class has another name. */
for (const exported of [classes, nn, optim, optim.lrScheduler]) {
  for (const [name, value] of Object.entries(exported)) {
    if (/^[A-Z]/.test(name) && typeof value === 'function')
      Object.defineProperty(value, 'name', { value: name });
  }
}

export * from '../../src/index.ts';
