import { describe, expect, test } from 'vitest';
import { capture, nn, noGrad, ones, open, setDefaultDevice, type Tensor, tensor } from '../../src/index.ts';
import { captureGuardSuite } from './captureGuardSuite.ts';

describe('guards of captured steps on the CPU', () => captureGuardSuite(() => open('cpu')));

test('containers that the step uses directly, and sets in fields, are guarded', async () => {
  setDefaultDevice(await open('cpu'));
  const x = ones([2]);
  const twice = (): nn.Module =>
    new (class Twice extends nn.Module {
      override forward(given: Tensor): Tensor {
        return given.mul(2);
      }
    })();
  const list = new nn.ModuleList([twice()]);
  const factors = new nn.ParameterList([ones([2])]);
  const dict = new nn.ModuleDict({ a: twice() });
  class Chosen extends nn.Module {
    readonly chosen: Set<nn.Module> = new Set([twice()]);
    override forward(given: Tensor): Tensor {
      return [...this.chosen].reduce((value, each) => each.forward(value), given);
    }
  }
  const chosen = new Chosen();
  const step = capture(() =>
    noGrad(() => {
      let value = x;
      for (const each of list) value = each.forward(value);
      for (const factor of factors) value = value.mul(factor);
      return chosen.forward(dict.get('a')!.forward(value));
    }),
  );
  const changes: [change: () => void, expected: number][] = [
    [() => list.append(twice()), 16],
    [() => factors.append(tensor([3, 3])), 48],
    [() => dict.set('a', new nn.ReLU()), 24],
    [() => chosen.chosen.add(twice()), 48],
  ];
  for (let call = 0; call < 4; call++) expect([...(await step().data())]).toEqual([8, 8]);
  for (const [change, expected] of changes) {
    change();
    for (let call = 0; call < 4; call++) expect([...(await step().data())]).toEqual([expected, expected]);
  }
});
