import * as library from '../../src/index.ts';

/** Modules print the names of their classes, and errors contain them, but a minified class has another name. */
for (const exported of [library, library.nn, library.optim, library.optim.lrScheduler]) {
  for (const [name, value] of Object.entries(exported)) {
    if (/^[A-Z]/.test(name) && typeof value === 'function')
      Object.defineProperty(value, 'name', { value: name });
  }
}

export * from '../../src/index.ts';
