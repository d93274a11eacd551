import { optim, type Tensor } from '../../src/index.ts';
import { unscoped } from '../../src/tensor/scope.ts';
import { type OperationCase, positive } from './layouts.ts';

type Step = () => unknown;

/** The step of a parameter by an optimizer, and the same in PyTorch: an expression of a list of parameters. */
const rows: readonly [name: string, make: (x: Tensor) => Step, torch: string][] = [
  ['SGD', (x) => stepOf(new optim.SGD([x], { lr: 1e-3 })), 'torch.optim.SGD(p, lr=1e-3).step'],
  [
    'SGD momentum',
    (x) => stepOf(new optim.SGD([x], { lr: 1e-3, momentum: 0.9 })),
    'torch.optim.SGD(p, lr=1e-3, momentum=0.9).step',
  ],
  ['Adam', (x) => stepOf(new optim.Adam([x])), 'torch.optim.Adam(p).step'],
  [
    'Adam amsgrad',
    (x) => stepOf(new optim.Adam([x], { amsgrad: true })),
    'torch.optim.Adam(p, amsgrad=True).step',
  ],
  ['AdamW', (x) => stepOf(new optim.AdamW([x])), 'torch.optim.AdamW(p).step'],
  ['RMSprop', (x) => stepOf(new optim.RMSprop([x])), 'torch.optim.RMSprop(p).step'],
  ['Adagrad', (x) => stepOf(new optim.Adagrad([x])), 'torch.optim.Adagrad(p).step'],
  ['NAdam', (x) => stepOf(new optim.NAdam([x])), 'torch.optim.NAdam(p).step'],
  ['RAdam', (x) => stepOf(new optim.RAdam([x])), 'torch.optim.RAdam(p).step'],
  [
    'clipGradNorm',
    (x) => () => optim.clipGradNorm([x], 1e9),
    'lambda: torch.nn.utils.clip_grad_norm_(p, 1e9)',
  ],
];

function stepOf(optimizer: optim.Optimizer): Step {
  return () => {
    optimizer.step();
  };
}

/** Optimizers live as long as their parameters. */
const steps = new WeakMap<Tensor, Step>();

/** Steps of optimizers: each call takes another one, with the same gradient. */
export const optimizerCases: readonly OperationCase[] = rows.map(([name, make, torch]) => ({
  name,
  inputs: (size) => [positive(size), positive(size)],
  run: (x, gradient) => {
    let step = steps.get(x);
    if (!step) {
      x.requiresGrad = true;
      step = unscoped(() => {
        const made = make(x);
        x.grad = gradient.clone().detach();
        return made;
      });
      steps.set(x, step);
    }
    step();
    return x.detach();
  },
  torch: `step(lambda p: ${torch}, x, y)`,
}));
