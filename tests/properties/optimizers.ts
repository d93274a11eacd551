import { type Backend, optim, scope, setDefaultDevice, type Tensor, tensor } from '../../src/index.ts';
import { Draw, seed } from './draw.ts';

type Name = 'SGD' | 'Adam' | 'AdamW' | 'Adagrad' | 'NAdam' | 'RAdam' | 'RMSprop';

/** The options of a group, all of them given. */
interface Options {
  lr: number;
  momentum: number;
  dampening: number;
  nesterov: boolean;
  betas: readonly [number, number];
  eps: number;
  alpha: number;
  centered: boolean;
  amsgrad: boolean;
  lrDecay: number;
  initialAccumulatorValue: number;
  momentumDecay: number;
  weightDecay: number;
  maximize: boolean;
}

/** The names that each optimizer takes. */
const TAKES: Readonly<Record<Name, readonly (keyof Options)[]>> = {
  SGD: ['lr', 'momentum', 'dampening', 'nesterov', 'weightDecay', 'maximize'],
  Adam: ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'],
  AdamW: ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'],
  Adagrad: ['lr', 'lrDecay', 'initialAccumulatorValue', 'eps', 'weightDecay', 'maximize'],
  NAdam: ['lr', 'betas', 'eps', 'weightDecay', 'momentumDecay', 'maximize'],
  RAdam: ['lr', 'betas', 'eps', 'weightDecay', 'maximize'],
  RMSprop: ['lr', 'alpha', 'eps', 'momentum', 'centered', 'weightDecay', 'maximize'],
};

/** A schedule: how users make it, and its rate by the number of steps taken, in closed form. */
interface Schedule {
  text: string;
  make: (optimizer: optim.Optimizer) => optim.lrScheduler.LRScheduler | optim.lrScheduler.ReduceLROnPlateau;
  /** The rate after `step` steps; the metrics are those of all steps. */
  rate: (base: number, step: number, metrics: readonly number[]) => number;
  /** Momentum, or Adam's first beta, if the schedule sets it. */
  momentum?: (step: number) => number;
}

interface Run {
  name: Name;
  shapes: (readonly number[])[];
  /** The group of each parameter; options by group. */
  groups: { options: Options; members: number[] }[];
  schedules: Schedule[];
  maxNorm: number | undefined;
  steps: number;
}

const between = (draw: Draw, least: number, most: number): number =>
  least + ((most - least) * draw.integer(0, 999)) / 999;

function drawOptions(draw: Draw, name: Name): Options {
  const momentum = draw.of(0, 0.5, 0.9);
  const nesterov = name === 'SGD' && momentum > 0 && draw.of(true, false);
  return {
    lr: between(draw, 0.001, 0.1),
    momentum,
    dampening: nesterov ? 0 : draw.of(0, 0, 0.3),
    nesterov,
    betas: [draw.of(0, 0.5, 0.9), draw.of(0.9, 0.99, 0.999)],
    eps: draw.of(1e-8, 1e-4, 0.1),
    alpha: draw.of(0.5, 0.9, 0.99),
    // Without the mean of squares the variance can be next to nothing, and rounding decides the step.
    centered: draw.of(false, false, true),
    weightDecay: draw.of(0, 0, 0.01, 0.3),
    maximize: draw.of(false, false, true),
    amsgrad: draw.of(false, true),
    lrDecay: draw.of(0, 0.1, 1),
    initialAccumulatorValue: draw.of(0, 0.1),
    momentumDecay: draw.of(0, 0.004, 0.5),
  };
}

function drawRun(at: number): Run {
  const draw = new Draw(at);
  const name = draw.of<Name>('SGD', 'Adam', 'AdamW', 'Adagrad', 'NAdam', 'RAdam', 'RMSprop');
  const count = draw.integer(1, 4);
  const shapes = Array.from({ length: count }, () =>
    draw.of<readonly number[]>([], [1], [3, 2], [17], [5, 1, 4], [300], [64, 70]),
  );
  const split = count > 1 && draw.of(true, false) ? draw.integer(1, count - 1) : count;
  const members = shapes.map((_, index) => index);
  const groups = [members.slice(0, split), members.slice(split)]
    .filter((each) => each.length > 0)
    .map((each) => ({ options: drawOptions(draw, name), members: each }));
  for (const { options } of groups) if (options.centered) options.eps = Math.max(options.eps, 0.1);
  const steps = draw.integer(3, 24);
  const first = drawSchedule(draw, name, steps);
  // Only schedules that multiply the current rate work together.
  const second = /^(Step|Exponential|Linear)/.test(first.text) ? [drawFactor(draw)] : [];
  const schedules = draw.of([], [first], [first], [first, ...second]);
  return { name, shapes, groups, schedules, maxNorm: draw.of(undefined, undefined, 0.5, 5), steps };
}

/** A schedule that multiplies the rate, so that several can work together. */
function drawFactor(draw: Draw): Schedule {
  const gamma = draw.of(0.5, 0.9, 1.1);
  const stepSize = draw.integer(1, 6);
  const [startFactor, endFactor] = [draw.of(1 / 3, 0.1, 1), draw.of(1, 0.5)];
  const totalIters = draw.integer(1, 12);
  return draw.of<Schedule>(
    {
      text: `StepLR(${stepSize}, ${gamma})`,
      make: (optimizer) => new optim.lrScheduler.StepLR(optimizer, stepSize, { gamma }),
      rate: (base, step) => base * gamma ** Math.floor(step / stepSize),
    },
    {
      text: `ExponentialLR(${gamma})`,
      make: (optimizer) => new optim.lrScheduler.ExponentialLR(optimizer, gamma),
      rate: (base, step) => base * gamma ** step,
    },
    {
      text: `LinearLR(${startFactor}, ${endFactor}, ${totalIters})`,
      make: (optimizer) => new optim.lrScheduler.LinearLR(optimizer, { startFactor, endFactor, totalIters }),
      rate: (base, step) =>
        base * (startFactor + ((endFactor - startFactor) * Math.min(step, totalIters)) / totalIters),
    },
  );
}

function drawSchedule(draw: Draw, name: Name, steps: number): Schedule {
  const [tMax, etaMin] = [draw.integer(2, 15), draw.of(0, 0.0005)];
  const maxLr = between(draw, 0.01, 0.1);
  const linear = draw.of(true, false);
  const cycles = name !== 'RMSprop' && name !== 'Adagrad' && draw.of(true, false);
  const pctStart = draw.of(0.3, 0.5);
  const [patience, factor, cooldown] = [draw.integer(0, 3), draw.of(0.5, 0.1), draw.integer(0, 2)];
  const schedules: Schedule[] = [
    drawFactor(draw),
    {
      text: `CosineAnnealingLR(${tMax}, ${etaMin})`,
      make: (optimizer) => new optim.lrScheduler.CosineAnnealingLR(optimizer, tMax, { etaMin }),
      rate: (base, step) => etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * step) / tMax))) / 2,
    },
    {
      text: `OneCycleLR(${maxLr}, ${JSON.stringify({ linear, cycles, pctStart })})`,
      make: (optimizer) =>
        new optim.lrScheduler.OneCycleLR(optimizer, maxLr, {
          totalSteps: steps + 1,
          pctStart,
          annealStrategy: linear ? 'linear' : 'cos',
          cycleMomentum: cycles,
        }),
      rate: (_, step) => {
        const low = maxLr / 25;
        return cycle(step, steps + 1, pctStart, linear, [low, maxLr, low / 1e4]);
      },
      ...(cycles
        ? { momentum: (step: number) => cycle(step, steps + 1, pctStart, linear, [0.95, 0.85, 0.95]) }
        : {}),
    },
    {
      text: `ReduceLROnPlateau(${JSON.stringify({ patience, factor, cooldown })})`,
      make: (optimizer) => new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience, factor, cooldown }),
      rate: (base, step, metrics) => {
        let [rate, best, bad, cool] = [base, Infinity, 0, 0];
        for (const metric of metrics.slice(0, step)) {
          if (metric < best * (1 - 1e-4)) [best, bad] = [metric, 0];
          else bad++;
          if (cool > 0) [cool, bad] = [cool - 1, 0];
          if (bad > patience)
            [rate, cool, bad] = [rate - rate * factor > 1e-8 ? rate * factor : rate, cooldown, 0];
        }
        return rate;
      },
    },
  ];
  return draw.of(...schedules);
}

/** A value that goes from the first of three to the second in the first share of the steps, and then to the third. */
function cycle(
  step: number,
  total: number,
  pctStart: number,
  linear: boolean,
  [from, over, to]: readonly [number, number, number],
): number {
  const turn = pctStart * total - 1;
  const rises = step <= turn;
  const share = rises ? (turn === 0 ? 1 : step / turn) : (step - turn) / (total - 1 - turn);
  const [start, end] = rises ? [from, over] : [over, to];
  return linear ? start + (end - start) * share : end + ((start - end) / 2) * (1 + Math.cos(Math.PI * share));
}

/** One parameter in float64, with its state. */
class Reference {
  readonly values: number[];
  readonly #options: Options;
  readonly #name: Name;
  #step = 0;
  readonly #first: number[];
  readonly #second: number[];
  readonly #third: number[];

  constructor(name: Name, options: Options, values: readonly number[]) {
    this.#name = name;
    this.#options = options;
    this.values = [...values];
    [this.#first, this.#second, this.#third] = [0, 1, 2].map(() => values.map(() => 0)) as [
      number[],
      number[],
      number[],
    ];
    if (name === 'Adagrad') this.#second.fill(options.initialAccumulatorValue);
    if (name === 'NAdam') this.#third.fill(1);
  }

  /** A step as PyTorch documents it, with a rate and a momentum of the schedule. */
  step(gradients: readonly number[], lr: number, scheduled: number | undefined): void {
    const o = this.#options;
    const momentum = scheduled ?? o.momentum;
    const [beta1, beta2] = [scheduled ?? o.betas[0], o.betas[1]];
    this.#step++;
    const [first, second, third] = [this.#first, this.#second, this.#third];
    gradients.forEach((given, i) => {
      if (this.#name === 'AdamW') this.values[i]! *= 1 - lr * o.weightDecay;
      const decay = this.#name === 'AdamW' ? 0 : o.weightDecay * this.values[i]!;
      const g = (o.maximize ? -given : given) + decay;
      let direction = g;
      if (this.#name === 'SGD') {
        if (momentum > 0) {
          first[i] = this.#step === 1 ? g : momentum * first[i]! + (1 - o.dampening) * g;
          direction = o.nesterov ? g + momentum * first[i] : first[i];
        }
      } else if (this.#name === 'RMSprop') {
        second[i] = o.alpha * second[i]! + (1 - o.alpha) * g * g;
        first[i] = o.alpha * first[i]! + (1 - o.alpha) * g;
        const variance = o.centered ? Math.max(0, second[i] - first[i] ** 2) : second[i];
        direction = g / (Math.sqrt(variance) + o.eps);
        if (momentum > 0) direction = third[i] = momentum * third[i]! + direction;
      } else if (this.#name === 'Adagrad') {
        second[i] = second[i]! + g * g;
        direction = g / (Math.sqrt(second[i]) + o.eps) / (1 + (this.#step - 1) * o.lrDecay);
      } else {
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const [m, v] = [first[i] / (1 - beta1 ** this.#step), second[i] / (1 - beta2 ** this.#step)];
        direction = m / (Math.sqrt(v) + o.eps);
        if (o.amsgrad && this.#name.startsWith('Adam')) {
          third[i] = Math.max(third[i]!, second[i]);
          direction = m / (Math.sqrt(third[i] / (1 - beta2 ** this.#step)) + o.eps);
        } else if (this.#name === 'NAdam') {
          const [now, next] = [this.#step, this.#step + 1].map(
            (step) => beta1 * (1 - 0.5 * 0.96 ** (step * o.momentumDecay)),
          ) as [number, number];
          third[i] = third[i]! * now;
          const nesterov = (next / (1 - third[i] * next)) * first[i] + ((1 - now) / (1 - third[i])) * g;
          direction = nesterov / (Math.sqrt(v) + o.eps);
        } else if (this.#name === 'RAdam') {
          const [all, power] = [2 / (1 - beta2) - 1, beta2 ** this.#step];
          const rho = all - (2 * this.#step * power) / (1 - power);
          const r = Math.sqrt(((rho - 4) * (rho - 2) * all) / ((all - 4) * (all - 2) * rho));
          direction = rho > 5 ? (m * r * Math.sqrt(1 - power)) / (Math.sqrt(second[i]) + o.eps) : m;
        }
      }
      this.values[i]! -= lr * direction;
    });
  }
}

/** How a run of an optimizer differs from its definition on a device; undefined if it does not. */
export async function optimizerDifference(device: Backend, at: number): Promise<string | undefined> {
  setDefaultDevice(device);
  const run = drawRun(at);
  const draw = new Draw(at + 2 ** 30);
  const reals = (length: number): Float32Array => Float32Array.from({ length }, () => between(draw, -1, 1));
  const starts = run.shapes.map((shape) => reals(shape.reduce((size, each) => size * each, 1)));
  const parameters = run.shapes.map((shape, index) => tensor(starts[index]!, { shape, requiresGrad: true }));
  const references = parameters.map((_, index) => {
    const { options } = run.groups.find(({ members }) => members.includes(index))!;
    return new Reference(run.name, options, [...starts[index]!]);
  });
  const optimizer = new optim[run.name](
    run.groups.map(({ options, members }) => ({
      ...Object.fromEntries(TAKES[run.name].map((key) => [key, options[key]])),
      params: members.map((member) => parameters[member]!),
    })),
  );
  const schedules = run.schedules.map(({ make }) => make(optimizer));
  const metrics: number[] = [];
  const what = `seed ${seed}, run ${at}: ${run.name}(${JSON.stringify(run.groups)}), ${run.schedules.map(({ text }) => text).join(' and ') || 'no schedule'}, clipping ${run.maxNorm}`;
  for (let step = 0; step < run.steps; step++) {
    const momentum = run.schedules.find((each) => each.momentum)?.momentum?.(step);
    const rates = run.groups.map(({ options }) =>
      run.schedules.reduce((rate, each) => each.rate(rate, step, metrics), options.lr),
    );
    const off = optimizer.paramGroups.findIndex(({ lr }, index) => Math.abs(lr / rates[index]! - 1) > 1e-9);
    if (off >= 0)
      return `${what}: step ${step}: the rate is ${optimizer.paramGroups[off]!.lr} instead of ${rates[off]}`;
    // Now and then a parameter has no gradient.
    const gradients = starts.map((start) => (draw.integer(0, 9) === 0 ? undefined : reals(start.length)));
    const norm = Math.sqrt(
      gradients.reduce((sum, each) => sum + [...(each ?? [])].reduce((total, g) => total + g * g, 0), 0),
    );
    const scale = run.maxNorm === undefined ? 1 : Math.min(1, run.maxNorm / (norm + 1e-6));
    scope(() => {
      optimizer.zeroGrad();
      gradients.forEach((gradient, index) => give(parameters[index]!, gradient));
      if (run.maxNorm !== undefined) optim.clipGradNorm(parameters, run.maxNorm);
      optimizer.step();
    });
    run.groups.forEach(({ members }, group) =>
      members.forEach((member) => {
        const gradient = gradients[member];
        if (gradient)
          references[member]!.step(
            [...gradient].map((g) => g * scale),
            rates[group]!,
            momentum,
          );
      }),
    );
    metrics.push(draw.integer(0, 5));
    for (const schedule of schedules) {
      if (schedule instanceof optim.lrScheduler.LRScheduler) schedule.step();
      else schedule.step(metrics.at(-1)!);
    }
  }
  for (const [index, parameter] of parameters.entries()) {
    const got = await parameter.data();
    const { values } = references[index]!;
    const wrong = values.findIndex(
      (value, i) => !(Math.abs(got[i]! - value) <= 2e-5 * (1 + Math.abs(value))),
    );
    if (wrong >= 0)
      return `${what}: parameter ${index}, element ${wrong} is ${got[wrong]} instead of ${values[wrong]}`;
  }
  for (const parameter of parameters) parameter.dispose();
  return undefined;
}

/** Gives a parameter a gradient: by backward, to where the optimizer wants it, or as it is set. */
function give(parameter: Tensor, gradient: Float32Array | undefined): void {
  if (!gradient) return;
  const given = tensor(gradient, { shape: parameter.shape });
  if (gradient[0]! > 0) parameter.grad = given;
  else parameter.mul(given).sum().backward();
}
