import { BENCHMARKS, namesOf } from '../benchmarks.ts';
import { byId, duration, make } from '../elements.ts';
import { explainWebGpu } from '../webgpu.ts';
import { PageWorker } from '../pageWorker.ts';
import { type Column, type Facts, markdownOf } from './report.ts';
import { showTable } from './table.ts';

/** Starts the view that measures this machine in a worker, on one device after the other. */
export function startMeasure(): void {
  new Measure();
}

const DEVICES = { webgpu: 'WebGPU', cpu: 'CPU' } as const;
type Device = keyof typeof DEVICES;

class Measure {
  readonly #form = byId('measure-form', HTMLFormElement);
  readonly #choices = byId('measure-devices', HTMLFieldSetElement);
  readonly #run = byId('measure-run', HTMLButtonElement);
  readonly #state = byId('measure-state', HTMLElement);
  readonly #bar = byId('measure-bar', HTMLProgressElement);
  readonly #copied = byId('copied', HTMLElement);
  readonly #markdown = byId('markdown', HTMLElement);
  #columns: readonly Column[] = [];
  /** Ends the worker that measures now. */
  #stop: (() => void) | undefined;

  constructor() {
    const choice = (value: string): HTMLInputElement =>
      this.#choices.querySelector<HTMLInputElement>(`input[value="${value}"]`)!;
    const needGpu = [choice('both'), choice('webgpu')];
    void explainWebGpu(byId('measure-webgpu', HTMLElement), needGpu, choice('cpu')).then(() => {
      // Who was faster than the answer keeps the figures.
      if (!this.#choices.disabled && this.#columns.every(({ device }) => device === undefined)) this.#empty();
    });
    this.#form.addEventListener('change', () => this.#empty());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#stop) this.#stop();
      else void this.#measure();
    });
    byId('copy', HTMLButtonElement).addEventListener('click', () => void this.#copy());
    this.#empty();
  }

  get #devices(): readonly Device[] {
    const chosen = new FormData(this.#form).get('measured') ?? 'both';
    return (['webgpu', 'cpu'] as const).filter((device) => chosen === device || chosen === 'both');
  }

  /** Shows a table without figures. */
  #empty(): void {
    this.#columns = this.#devices.map((device) => ({ title: DEVICES[device], device: undefined, times: [] }));
    this.#say('Not measured yet.');
    this.#showResult(undefined);
  }

  async #measure(): Promise<void> {
    const devices = this.#devices;
    this.#empty();
    this.#run.textContent = 'Stop';
    this.#run.classList.remove('primary');
    this.#choices.disabled = true;
    this.#bar.max = devices.length * BENCHMARKS.length;
    this.#bar.value = 0;
    this.#bar.hidden = false;
    const start = performance.now();
    const failures: string[] = [];
    let isStopped = false;
    for (const [index, device] of devices.entries()) {
      if (isStopped) break;
      this.#say(`${DEVICES[device]}: opening the device …`);
      try {
        isStopped = !(await this.#measureOn(device, this.#columns[index]!));
      } catch (error) {
        failures.push(`${DEVICES[device]}: ${(error as Error).message}`);
        this.#columns[index]!.device = (error as Error).message.split('\n')[0]!;
      }
      this.#bar.value = (index + 1) * BENCHMARKS.length;
    }
    this.#run.textContent = 'Measure';
    this.#run.classList.add('primary');
    this.#choices.disabled = false;
    this.#bar.hidden = true;
    const time = duration((performance.now() - start) / 1000);
    if (failures.length > 0) this.#say(failures.join('\n'), true);
    else this.#say(isStopped ? 'Stopped.' : `Measured in ${time}.`);
    this.#showResult(undefined);
  }

  /** Measures on one device, in a worker. Returns false where the visitor stopped it. */
  async #measureOn(device: Device, column: Column): Promise<boolean> {
    const worker = new PageWorker();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        this.#stop = () => resolve(false);
        worker.listen((answer) => {
          if (answer.kind === 'device') column.device = answer.device.description;
          if (answer.kind === 'measuring') this.#note(column, answer.at, answer.milliseconds);
          if (answer.kind === 'measured') resolve(true);
          if (answer.kind === 'failed') reject(new Error(answer.message));
        }, reject);
        worker.send({ kind: 'measure', device, benchmarks: BENCHMARKS });
      });
    } finally {
      this.#stop = undefined;
      worker.end();
    }
  }

  /** @param milliseconds undefined while the benchmark runs */
  #note(column: Column, at: number, milliseconds: number | undefined): void {
    if (milliseconds === undefined) {
      const { title, detail } = namesOf(BENCHMARKS[at]!);
      this.#say(`${column.title}: ${title}, ${detail} …`);
    } else {
      column.times[at] = milliseconds;
      this.#bar.value++;
    }
    this.#showResult(at);
  }

  #showResult(current: number | undefined): void {
    showTable(this.#columns, current);
    const facts = this.#facts;
    const list = byId('measure-facts', HTMLElement);
    list.hidden = this.#columns.every(({ device }) => device === undefined);
    list.replaceChildren(
      ...facts.flatMap(([name, value]) => [make('dt', { text: name }), make('dd', { text: value })]),
    );
    const isMeasured = this.#columns.some(({ times }) => times.length > 0);
    byId('copy-controls', HTMLElement).hidden = !isMeasured || this.#stop !== undefined;
    this.#copied.textContent = '';
    this.#markdown.hidden = true;
    this.#markdown.textContent = markdownOf(this.#columns, facts);
  }

  get #facts(): Facts {
    return [
      ...this.#columns.flatMap(({ title, device }) =>
        device === undefined ? [] : [[title, device] as const],
      ),
      ['Processors', String(navigator.hardwareConcurrency)],
      ['Browser', navigator.userAgent],
    ];
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#markdown.textContent);
      this.#copied.textContent = 'Copied.';
    } catch {
      // Browsers offer the clipboard only over HTTPS or on localhost, and may ask for permission.
      this.#markdown.hidden = false;
      getSelection()?.selectAllChildren(this.#markdown);
      this.#copied.textContent = 'This browser does not let the page copy. Copy the text below.';
    }
  }

  #say(text: string, isBad: boolean = false): void {
    this.#state.textContent = text;
    this.#state.classList.toggle('bad', isBad);
  }
}
