import { make } from '../elements.ts';

type SeriesName = 'training' | 'validation';
type Point = readonly [x: number, y: number];

export interface ChartOptions {
  readonly title: string;
  /** What the values are, for a screen reader. */
  readonly format: (value: number) => string;
  /** Least and greatest value that are always shown. */
  readonly range: readonly [number, number];
}

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { left: 44, right: 8, top: 8, bottom: 24 };
const HEIGHT = 208;
/** Points of a line. More are thinned out: a screen is not wider. */
const MOST_POINTS = 600;

/** A line chart of the training and the validation over the steps, drawn as SVG. */
export class Chart {
  readonly #options: ChartOptions;
  readonly #svg = document.createElementNS(SVG, 'svg');
  readonly #points: Record<SeriesName, Point[]> = { training: [], validation: [] };
  #steps = 1;
  #frame = 0;

  constructor(figure: HTMLElement, options: ChartOptions) {
    this.#options = options;
    this.#svg.setAttribute('class', 'chart');
    this.#svg.setAttribute('role', 'img');
    const caption = make('figcaption');
    const legend = make('span');
    for (const [name, text] of [
      ['training', 'training'],
      ['validation', 'validation'],
    ] as const) {
      legend.append(make('i', { kind: `key-${name}` }), ` ${text}   `);
    }
    caption.append(make('strong', { text: options.title }), legend);
    figure.replaceChildren(caption, this.#svg);
    new ResizeObserver(() => this.#schedule()).observe(this.#svg);
  }

  /** Empties the chart for a training of so many steps. */
  start(steps: number): void {
    this.#steps = Math.max(1, steps);
    this.#points.training = [];
    this.#points.validation = [];
    this.#schedule();
  }

  add(series: SeriesName, step: number, value: number): void {
    const points = this.#points[series];
    points.push([step, value]);
    if (points.length > MOST_POINTS) this.#points[series] = points.filter((_, at) => at % 2 === 1);
    this.#schedule();
  }

  #schedule(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const width = this.#svg.clientWidth;
    if (width === 0) return;
    const { training, validation } = this.#points;
    const values = [...training, ...validation].map(([, y]) => y);
    const [low, high] = niceRange(
      Math.min(...values, this.#options.range[0]),
      Math.max(...values, this.#options.range[1]),
    );
    const x = (step: number): number =>
      MARGIN.left + (step / this.#steps) * (width - MARGIN.left - MARGIN.right);
    const y = (value: number): number =>
      MARGIN.top + ((high - value) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const parts: SVGElement[] = [];
    for (const tick of [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low))) {
      parts.push(
        shape('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
        text(this.#options.format(tick), { x: MARGIN.left - 6, y: y(tick) + 4, 'text-anchor': 'end' }),
      );
    }
    for (const [share, anchor] of [
      [0, 'start'],
      [1, 'end'],
    ] as const) {
      const step = Math.round(share * this.#steps);
      const label = share === 0 ? 'step 0' : String(step);
      parts.push(text(label, { x: x(step), y: HEIGHT - 6, 'text-anchor': anchor }));
    }
    for (const [name, points] of [
      ['training', training],
      ['validation', validation],
    ] as const) {
      const places = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
      parts.push(shape('polyline', { class: name, points: places }));
      if (name === 'training') continue;
      parts.push(
        ...points.map(([step, value]) => shape('circle', { class: name, cx: x(step), cy: y(value), r: 3 })),
      );
    }
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(...parts);
    this.#svg.setAttribute('aria-label', this.#description());
  }

  #description(): string {
    const { title, format } = this.#options;
    const said = Object.entries(this.#points).flatMap(([name, points]) => {
      const last = points.at(-1);
      return last ? [`${name} ${format(last[1])} at step ${last[0]}`] : [];
    });
    return `${title}: ${said.join(', ') || 'nothing yet'}`;
  }
}

/** The least range around two values whose ends are round numbers. */
function niceRange(low: number, high: number): [number, number] {
  const unit = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-6)));
  const step =
    [0.2, 0.4, 1, 2].map((factor) => factor * unit).find((size) => (high - low) / size <= 5) ?? unit;
  const bottom = Math.floor(low / step + 1e-9) * step;
  return [bottom, bottom + Math.max(1, Math.ceil((high - bottom) / step - 1e-9)) * step];
}

function shape(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

function text(content: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = shape('text', attributes);
  element.textContent = content;
  return element;
}
