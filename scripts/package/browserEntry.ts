import * as backendErrors from '../../src/backend/errors.ts';
import { nn, optim, SafetensorsError, Tensor } from '../../src/index.ts';
import * as tensorErrors from '../../src/tensor/errors.ts';

// `import *` of the library would put a second list of everything that it exports into the file: 1 kB with gzip.
const classes = { ...backendErrors, ...tensorErrors, SafetensorsError, Tensor };

/** Modules print the names of their classes, and errors contain them, but a minified class has another name. */
for (const exported of [classes, nn, optim, optim.lrScheduler]) {
  for (const [name, value] of Object.entries(exported)) {
    if (/^[A-Z]/.test(name) && typeof value === 'function')
      Object.defineProperty(value, 'name', { value: name });
  }
}

export * from '../../src/index.ts';
