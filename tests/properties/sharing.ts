import {
  type Backend,
  capture,
  GradientError,
  nn,
  optim,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Draw, seed } from './draw.ts';

/** Numbers in memory that several tensors share, and the number of changes in place. */
interface Cells {
  values: number[];
  version: number;
}

/** What a parameter is expected to hold. */
interface Expected {
  value: Cells;
  grad: Cells | undefined;
}

/** A tensor that the program keeps, and what it is expected to show. */
interface Held {
  what: string;
  tensor: Tensor;
  expected: () => number[];
}

/** A result whose backward is still to come, and what it needs unchanged. */
interface Pending {
  result: Tensor;
  needs: { cells: Cells; version: number }[];
  run: () => void;
}

class Pair extends nn.Module {
  readonly p = tensor([1, 2], { requiresGrad: true });
  readonly q = tensor([3, -1], { requiresGrad: true });

  override forward(x: Tensor): Tensor {
    return this.p.mul(x).add(this.q.mul(x).mul(x)).sum();
  }
}

/**
 * Runs a random program of steps, eager and captured, that keeps views of parameters and handles on gradients, next to a
 * model of which of them share memory. All numbers are integers, so that they must be equal.
 *
 * @returns the program and the first tensor that differs, or undefined
 */
export async function sharingDifference(device: Backend, configuration: number): Promise<string | undefined> {
  setDefaultDevice(device);
  const draw = new Draw(configuration);
  const pair = new Pair();
  const { p, q } = pair;
  const [ofP, ofQ]: Expected[] = [
    { value: cells([1, 2]), grad: undefined },
    { value: cells([3, -1]), grad: undefined },
  ] as [Expected, Expected];
  const both: [Tensor, Expected][] = [
    [p, ofP],
    [q, ofQ],
  ];
  const make = (): optim.SGD =>
    new optim.SGD(draw.of([p, q], [q, p, tensor([9], { requiresGrad: true })]), { lr: 1 });
  let optimizer = make();
  const held: Held[] = [];
  const pending: Pending[] = [];
  const program: string[] = [];

  const accumulate = (to: Expected, gradient: readonly number[]): void => {
    if (to.grad) change(to.grad, (value, at) => value + gradient[at]!);
    else to.grad = cells([...gradient]);
  };
  const clear = (): void => both.forEach(([, each]) => (each.grad = undefined));
  const update = (): void => {
    for (const { value, grad } of [ofP, ofQ]) if (grad) change(value, (each, at) => each - grad.values[at]!);
  };
  const backward = (x: number): void => {
    accumulate(ofP, [x, x]);
    accumulate(ofQ, [x * x, x * x]);
  };
  const hold = (what: string, kept: Tensor, expected: () => number[]): void => {
    held.push({ what: `${what} (kept by step ${program.length})`, tensor: kept, expected });
  };

  const adding = capture((x: Tensor) => pair.forward(x).backward());
  const training = capture((x: Tensor) => {
    optimizer.zeroGrad();
    pair.forward(x).backward();
    optimizer.step();
  });

  const steps: Record<string, () => void> = {
    backward: () => {
      const x = draw.integer(-2, 2);
      pair.forward(tensor([x])).backward();
      backward(x);
    },
    'captured backward': () => {
      const x = draw.integer(-2, 2);
      adding(tensor([x]));
      backward(x);
    },
    'captured training': () => {
      const x = draw.integer(-2, 2);
      training(tensor([x]));
      clear();
      backward(x);
      update();
    },
    zeroGrad: () => {
      optimizer.zeroGrad();
      clear();
    },
    step: () => {
      optimizer.step();
      update();
    },
    'new optimizer': () => {
      optimizer = make();
    },
    'keep a gradient': () => {
      const [each, { grad }] = draw.of(...both);
      if (!grad) return;
      const form = draw.of('handle', 'detach', 'slice');
      const handle = each.grad!;
      if (form === 'handle') hold('p.grad', handle, () => grad.values);
      else if (form === 'detach') hold('p.grad.detach()', handle.detach(), () => grad.values);
      else hold('p.grad.slice([1, 2])', handle.slice([1, 2]), () => grad.values.slice(1));
    },
    'keep a view': () => {
      const [each, { value }] = draw.of(...both);
      hold('p.detach().flip(0)', each.detach().flip(0), () => [...value.values].reverse());
    },
    'free one': () => {
      const one = held.splice(draw.integer(0, held.length), 1)[0];
      if (one && !held.some(({ tensor: other }) => other === one.tensor)) one.tensor.dispose();
    },
    'free a handle': () => {
      const handle = p.grad;
      if (handle && !held.some(({ tensor: other }) => other === handle)) handle.dispose();
    },
    'set a gradient': () => {
      if (!ofQ.grad) return;
      p.grad = q.grad;
      ofP.grad = cells([...ofQ.grad.values]);
    },
    'hand a gradient to backward': () => {
      if (!ofP.grad) return;
      const gradient = [...ofP.grad.values];
      p.add(q).backward(p.grad);
      accumulate(ofP, gradient);
      accumulate(ofQ, gradient);
    },
    'exchange values': () => {
      pair.loadStateDict({ p: q, q: p });
      const [before, after] = [[...ofP.value.values], [...ofQ.value.values]];
      change(ofP.value, (_, at) => after[at]!);
      change(ofQ.value, (_, at) => before[at]!);
    },
    'graph of a parameter': () => {
      const [value, form] = [ofP.value, draw.integer(2, 3)];
      const result = p.square().mul(form).sum();
      pending.push({
        result,
        needs: [need(value)],
        run: () =>
          accumulate(
            ofP,
            value.values.map((v) => 2 * form * v),
          ),
      });
    },
    'graph of a gradient': () => {
      const { grad } = ofP;
      if (!grad) return;
      const result = p.grad!.mul(q).sum();
      pending.push({ result, needs: [need(grad), need(ofQ.value)], run: () => accumulate(ofQ, grad.values) });
    },
    'backward of a graph': () => {
      const one = pending.shift();
      if (!one) return;
      if (one.needs.every(({ cells: { version }, version: before }) => version === before)) {
        one.result.backward();
        one.run();
      } else {
        try {
          one.result.backward();
        } catch (error) {
          if (error instanceof GradientError) return;
          throw error;
        }
        throw new Error('a graph was used although what it needs has changed');
      }
    },
  };
  try {
    for (let step = 0; step < 24; step++) {
      const name = draw.of(
        ...Object.keys(steps),
        'captured training',
        'captured backward',
        'keep a gradient',
      );
      program.push(name);
      steps[name]!();
    }
    for (const [each, { value, grad }] of both) {
      hold('a parameter', each, () => value.values);
      if (grad) hold('its gradient', each.grad!, () => grad.values);
      else if (each.grad) return `a gradient that should be null: ${text()}`;
    }
    for (const { what, tensor: each, expected } of held) {
      const got = Array.from(await each.data());
      if (got.some((value, at) => value !== expected()[at])) {
        return `${what} is ${got.join(', ')}, expected ${expected().join(', ')}: ${text()}`;
      }
    }
  } catch (error) {
    return `${String(error)}: ${text()}`;
  } finally {
    adding.dispose();
    training.dispose();
  }
  return undefined;

  function text(): string {
    return `WGRAD_TEST_SEED=${seed}, program ${configuration}: ${program.join('; ')}`;
  }
}

function cells(values: number[]): Cells {
  return { values, version: 0 };
}

function need(of: Cells): { cells: Cells; version: number } {
  return { cells: of, version: of.version };
}

function change(of: Cells, map: (value: number, at: number) => number): void {
  of.values.forEach((value, at) => (of.values[at] = map(value, at)));
  of.version++;
}
