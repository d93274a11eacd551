import type { Backend } from '../../src/index.ts';
import { deviation, DEVIATION_BOUND, openReference } from '../gradients/check.ts';
import { table } from '../gradients/table.ts';
import { lossFixtures } from '../parity/losses.ts';
import { moduleDifferences, moduleFixtures } from '../parity/modules.ts';
import { NETWORK_BOUND, networkErrors } from '../parity/network.ts';
import { differences, operationFixtures, orders } from '../parity/operations.ts';
import { optimizerErrors, optimizerRuns } from '../parity/optimizers.ts';
import { TRAINING_BOUND, trainingErrors, trainingRuns } from '../parity/training.ts';

/** A check that needs nothing but a device: it runs in every runtime. */
export interface RuntimeCase {
  readonly name: string;
  /** Says what is wrong, a line each; nothing where all is right. */
  readonly check: (device: Backend) => Promise<readonly string[]>;
}

/** The gradient table, the cases with PyTorch's numbers, and trainings that follow PyTorch's. */
export async function runtimeCases(): Promise<RuntimeCase[]> {
  const reference = await openReference();
  const gradients = Object.entries(table).flatMap(([operation, { cases, looser }]) =>
    cases.map((each) => ({
      name: `gradients of ${operation}: ${each.name}`,
      check: async (device: Backend) =>
        atMost(DEVIATION_BOUND * (looser?.factor ?? 1), {
          deviation: await deviation(each, reference, device),
        }),
    })),
  );
  const parity = orders.flatMap((order) =>
    [...operationFixtures, ...lossFixtures].map((fixture) => ({
      name: `${fixture.name}, ${order}`,
      check: (device: Backend) => differences(fixture, device, order),
    })),
  );
  const modules = moduleFixtures.map((fixture) => ({
    name: `module ${fixture.name}`,
    check: (device: Backend) => moduleDifferences(fixture, device),
  }));
  const optimizers = optimizerRuns.map((run) => ({
    name: `optimizer ${run.name}`,
    check: async (device: Backend) => atMost(TRAINING_BOUND, await optimizerErrors(run, device)),
  }));
  const trainings = trainingRuns.map((run) => ({
    name: `training ${run.name}`,
    check: async (device: Backend) => atMost(TRAINING_BOUND, await trainingErrors(run, device)),
  }));
  const network = {
    name: 'a CNN with batch norm and pooling',
    check: async (device: Backend) => atMost(NETWORK_BOUND, await networkErrors(device)),
  };
  return [...gradients, ...parity, ...modules, ...optimizers, ...trainings, network];
}

function atMost(bound: number, errors: Readonly<Record<string, number>>): string[] {
  return Object.entries(errors).flatMap(([name, error]) =>
    error <= bound ? [] : [`${name} ${error}, at most ${bound}`],
  );
}
