import type { Module } from '../../../../nn/index.ts';
import type { Part } from '../../../../pipeline/data/datasets.ts';
import { noGrad } from '../../../../tensor/gradientMode.ts';
import { scope } from '../../../../tensor/scope.ts';
import { judge } from './judge.ts';
import type { Filters, TrainingEvent } from './messages.ts';

/** Pictures of the first layer, images of a glance at the validation set, and milliseconds between two glances. */
const MOST_FILTERS = 32;
const GLANCE = 1000;
const LEAST_PAUSE = 1000;
/** A glance may take one part of this many of the time. */
const SHARE = 12;

/** Looks at a model while it is trained, and takes little time for it. */
export class Insights {
  readonly #model: Module;
  readonly #glance: Part;
  #nextAt = 0;

  constructor(model: Module, validation: Part) {
    this.#model = model;
    // The rows are in the order of the files, which is random.
    this.#glance = { ...validation, rows: validation.rows.slice(0, GLANCE) };
  }

  /** The filters, and the model's judgement by some images, if it is time for them. */
  async due(step: number): Promise<TrainingEvent[]> {
    const start = performance.now();
    if (start < this.#nextAt) return [];
    const events: TrainingEvent[] = [{ kind: 'filters', ...(await filtersOf(this.#model)) }];
    if (this.#glance.rows.length > 0) {
      const judgement = await judge(this.#model, this.#glance);
      events.push({ kind: 'validation', epoch: undefined, step, judgement });
    }
    const end = performance.now();
    this.#nextAt = end + Math.max(LEAST_PAUSE, SHARE * (end - start));
    return events;
  }
}

/** The weights of the first layer: what each unit of a dense layer looks for, or the filters of a convolution. */
async function filtersOf(model: Module): Promise<Filters> {
  const weight = model.parameters()[0]!;
  const [outputs, ...rest] = weight.shape as [number, ...number[]];
  const count = Math.min(outputs, MOST_FILTERS);
  const shown = scope(() => noGrad(() => weight.slice([0, count]).mul(1)));
  const values = (await shown.data()) as Float32Array;
  shown.dispose();
  const size = rest.reduce((total, side) => total * side, 1);
  const side = Math.sqrt(size);
  return { values, count, height: side, width: side };
}
