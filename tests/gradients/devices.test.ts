import { expect, test } from 'vitest';
import { DeviceError, open, scope, type Tensor } from '../../src/index.ts';
import { realise } from './inputs.ts';
import { table } from './table.ts';

const [here, there] = [await open('cpu'), await open('cpu')];

// The heaps of two devices hand out the same addresses, so an operand of the other would be read as one of this.
const several = Object.entries(table).flatMap(([name, { cases }]) =>
  cases.filter(({ inputs }) => inputs.length > 1).map((each) => ({ name: `${name}: ${each.name}`, each })),
);

test.each(several)('$name refuses each operand of another device', ({ each: { inputs, fn } }) => {
  for (const stranger of inputs.keys()) {
    const call = (): void =>
      scope(() => {
        const made = inputs.map((input, at): Tensor =>
          realise(input, at, at === stranger ? there : here, 'float32'),
        );
        fn(...made);
      });
    expect(call).toThrow(DeviceError);
  }
});
