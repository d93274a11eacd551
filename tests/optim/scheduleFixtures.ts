import { optim, tensor } from '../../src/index.ts';
import { loadFixture } from '../parity/fixtures.ts';

export type Scheduler =
  optim.lrScheduler.LRScheduler | optim.lrScheduler.ReduceLROnPlateau | optim.lrScheduler.SequentialLR;

/** Rates that PyTorch's schedules give: see tests/fixtures/README.md. */
export interface ScheduleFixture {
  name: string;
  optimizer: 'Adam' | 'SGD';
  lrs: number[];
  schedules: [keyof typeof optim.lrScheduler, ...unknown[]][];
  metrics: number[];
  rates: number[][];
  momenta: number[][];
}

export const scheduleFixtures = loadFixture('schedules.json') as ScheduleFixture[];

export function optimizerOf({
  optimizer,
  lrs,
  name = '',
}: Pick<ScheduleFixture, 'optimizer' | 'lrs'> & { name?: string }): optim.Optimizer {
  const groups = lrs.map((lr) => ({ params: [tensor([1], { requiresGrad: true })], lr }));
  const made: optim.Optimizer =
    optimizer === 'Adam' ? new optim.Adam(groups) : new optim.SGD(groups, { momentum: 0.9 });
  if (name.endsWith('resumed')) {
    // A schedule that goes on finds the rates that another one began with.
    for (const group of made.paramGroups) [group.initialLr, group.lr] = [group.lr, group.lr / 2];
  }
  return made;
}

export function schedulesOf({ schedules }: ScheduleFixture, optimizer: optim.Optimizer): Scheduler[] {
  return schedules.map((schedule) => scheduleOf(schedule, optimizer));
}

/** The formulas that the cases of LambdaLR have, which Python reads as they stand. */
const FORMULAS: Readonly<Record<string, (epoch: number) => number>> = {
  '0.9 ** epoch': (epoch) => 0.9 ** epoch,
  '1 / (1 + epoch)': (epoch) => 1 / (1 + epoch),
};

function scheduleOf(
  [name, ...given]: ScheduleFixture['schedules'][number],
  optimizer: optim.Optimizer,
): Scheduler {
  const rest = [...given];
  if (name === 'SequentialLR')
    rest[0] = (rest[0] as ScheduleFixture['schedules']).map((each) => scheduleOf(each, optimizer));
  if (name === 'LambdaLR')
    rest[0] = Array.isArray(rest[0])
      ? (rest[0] as string[]).map((formula) => FORMULAS[formula])
      : FORMULAS[rest[0] as string];
  const Schedule = optim.lrScheduler[name] as new (
    optimizer: optim.Optimizer,
    ...rest: unknown[]
  ) => Scheduler;
  return new Schedule(optimizer, ...rest);
}

export function advance(schedules: readonly Scheduler[], metric: number | undefined): void {
  for (const schedule of schedules) {
    if (schedule instanceof optim.lrScheduler.ReduceLROnPlateau) schedule.step(metric!);
    else schedule.step();
  }
}

export function present({ paramGroups }: optim.Optimizer): { rates: number[]; momenta: number[] } {
  return {
    rates: paramGroups.map(({ lr }) => lr),
    momenta: paramGroups.map(({ betas, momentum }) => betas?.[0] ?? momentum!),
  };
}

/** The largest relative difference; cosines may differ in their last bits. */
export function off(found: readonly number[], wanted: readonly number[]): number {
  return Math.max(
    ...wanted.map((value, index) => Math.abs(found[index]! - value) / Math.max(1e-9, Math.abs(value))),
  );
}

/** The largest difference from PyTorch's rates and momenta. */
export function scheduleError(fixture: ScheduleFixture): number {
  const optimizer = optimizerOf(fixture);
  const schedules = schedulesOf(fixture, optimizer);
  const errors = fixture.rates.map((rates, step) => {
    const found = present(optimizer);
    if (step < fixture.rates.length - 1) advance(schedules, fixture.metrics[step]);
    return Math.max(off(found.rates, rates), off(found.momenta, fixture.momenta[step]!));
  });
  return Math.max(...errors);
}
