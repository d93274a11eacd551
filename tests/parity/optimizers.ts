import {
  type Backend,
  crossEntropy,
  nn,
  optim,
  scope,
  setDefaultDevice,
  type Tensor,
} from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';
import { type FixtureTensor } from './operations.ts';
import { relative, trainingStart } from './training.ts';

/** A training with PyTorch's losses: see tests/fixtures/README.md. */
export interface OptimizerRun {
  name: string;
  optimizer: 'Adagrad' | 'Adam' | 'AdamW' | 'Lion' | 'NAdam' | 'RAdam' | 'RMSprop' | 'SGD';
  options: object;
  groups: ({ keys: string[] } & object)[] | null;
  clipping: { maxNorm: number; normType?: number | 'Infinity' } | null;
  losses: number[];
  norms: number[];
  final: Record<string, FixtureTensor>;
}

export const optimizerRuns = loadFixture('optimizers.json') as OptimizerRun[];

/** The worst relative errors of losses, norms and final weights after training as the fixture says. */
export async function optimizerErrors(
  run: OptimizerRun,
  device: Backend,
): Promise<{ losses: number; norms: number; weights: number }> {
  setDefaultDevice(device);
  const { model, batches } = trainingStart(device);
  const optimizer = optimizerOf(run, model);
  const { clipping } = run;
  const steps = run.losses.map((_, step) => {
    const { input, target } = batches[step % batches.length]!;
    return scope(() => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(input), target);
      loss.backward();
      const norm = clipping
        ? optim.clipGradNorm(model.parameters(), clipping.maxNorm, {
            normType: Number(clipping.normType ?? 2),
          })
        : undefined;
      optimizer.step();
      return { loss: loss.detach(), norm };
    });
  });
  const losses = await Promise.all(steps.map(({ loss }) => loss.item()));
  const norms = await Promise.all(steps.flatMap(({ norm }) => norm?.item() ?? []));
  const state = model.stateDict();
  const weights = await Promise.all(
    Object.entries(run.final).map(async ([name, wanted]) =>
      relative(await state[name]!.data(), wanted.data.map(Number)),
    ),
  );
  return {
    losses: relative(losses, run.losses),
    norms: run.norms.length > 0 ? relative(norms, run.norms) : 0,
    weights: Math.max(...weights),
  };
}

function optimizerOf({ optimizer, options, groups }: OptimizerRun, model: nn.Module): optim.Optimizer {
  const state = model.stateDict();
  const parameters: optim.OptimizerParameters<object> =
    groups?.map(({ keys, ...rest }) => ({ ...rest, params: keys.map((key): Tensor => state[key]!) })) ??
    model.parameters();
  return new optim[optimizer](parameters, options);
}
