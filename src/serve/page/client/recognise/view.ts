import { byId, make, percent } from '../elements.ts';
import type { Models } from '../models.ts';
import type { ServiceKey } from '../serviceKey.ts';
import { Drawing } from './drawing.ts';
import { LocalClassifier } from './localClassifier.ts';
import { askService, KeyWanted, type Prediction } from './prediction.ts';

/** Starts the view that classifies drawings and pictures, by the service's model or one in this browser. */
export function startRecognise(models: Models, key: ServiceKey): void {
  new Recognise(models, key);
}

class Recognise {
  readonly #models: Models;
  readonly #key: ServiceKey;
  readonly #answer = byId('answer', HTMLElement);
  readonly #classes = byId('classes', HTMLOListElement);
  readonly #origin = byId('model', HTMLElement);
  readonly #source = byId('source', HTMLSelectElement);
  readonly #drawing = new Drawing(
    () => void this.#classifyDrawing(),
    () => this.#clear(),
  );
  #classifier: LocalClassifier | undefined;
  /** The request on its way; a newer one makes its answer worthless. */
  #current: AbortController | undefined;
  #last: Blob | undefined;

  constructor(models: Models, key: ServiceKey) {
    this.#models = models;
    this.#key = key;
    this.#listen();
    models.onChange(() => this.#listModels());
    this.#clear();
  }

  #listen(): void {
    const { canvas } = this.#drawing;
    const file = byId('file', HTMLInputElement);
    file.addEventListener('change', () => {
      void this.#classifyFile(file.files?.[0]).then(() => {
        // So that choosing the same picture again is a change.
        file.value = '';
      });
    });
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#clear());
    canvas.addEventListener('dragover', (event) => {
      event.preventDefault();
      canvas.classList.add('over');
    });
    canvas.addEventListener('dragleave', () => canvas.classList.remove('over'));
    canvas.addEventListener('drop', (event) => {
      event.preventDefault();
      canvas.classList.remove('over');
      void this.#classifyFile(event.dataTransfer?.files[0]);
    });
    document.addEventListener('paste', (event) => void this.#classifyFile(event.clipboardData?.files[0]));
    this.#source.addEventListener('change', () => this.#choose(Number(this.#source.value)));
  }

  /** Offers the service's model and those in this browser, and takes the newest. */
  #listModels(): void {
    const { all } = this.#models;
    const titles = ['The model of this service', ...all.map(({ title }) => title)];
    this.#source.replaceChildren(
      ...titles.map((title, at) => {
        const option = make('option', { text: title });
        option.value = String(at - 1);
        return option;
      }),
    );
    byId('source-field', HTMLElement).hidden = false;
    this.#source.value = String(all.length - 1);
    this.#choose(all.length - 1);
  }

  /** @param index of a model in this browser; -1 for that of the service */
  #choose(index: number): void {
    this.#current?.abort();
    this.#classifier?.close();
    const model = this.#models.all[index];
    this.#classifier = model && new LocalClassifier(model);
    if (this.#last) void this.#classify(this.#last);
  }

  #clear(): void {
    this.#current?.abort();
    this.#last = undefined;
    this.#drawing.clear();
    this.#classes.replaceChildren();
    this.#origin.textContent = '';
    this.#say('Nothing drawn yet.');
  }

  async #classifyDrawing(): Promise<void> {
    await this.#classify(await this.#drawing.toBlob());
  }

  /** Shows a chosen picture, and classifies the file itself. */
  async #classifyFile(file: File | undefined): Promise<void> {
    if (!file) return;
    this.#clear();
    try {
      this.#drawing.show(await createImageBitmap(file));
    } catch {
      this.#say('This browser cannot read that picture. Convert it to PNG or JPEG.');
      return;
    }
    await this.#classify(file);
  }

  async #classify(picture: Blob): Promise<void> {
    this.#last = picture;
    this.#current?.abort();
    const request = new AbortController();
    this.#current = request;
    const slow = setTimeout(() => this.#say('Thinking …'), 300);
    try {
      const prediction = await (this.#classifier?.classify(picture) ??
        askService(picture, this.#key.value, request.signal));
      if (this.#current === request && !request.signal.aborted) this.#show(prediction);
    } catch (error) {
      if (this.#current !== request || request.signal.aborted) return;
      this.#classes.replaceChildren();
      this.#origin.textContent = '';
      this.#say((error as Error).message);
      if (error instanceof KeyWanted) this.#key.ask(() => void this.#classify(picture));
    } finally {
      clearTimeout(slow);
    }
  }

  #say(text: string, loud: boolean = false): void {
    this.#answer.textContent = text;
    this.#answer.className = loud ? '' : 'quiet';
  }

  #show({ probabilities, origin }: Prediction): void {
    this.#key.accepted();
    const rows = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
    const [name, share] = rows[0]!;
    this.#say(`${name}, ${percent(share)}`, true);
    this.#classes.replaceChildren(...rows.map(([name, share]) => rowOf(name, share)));
    this.#origin.textContent = origin;
  }
}

function rowOf(name: string, share: number): HTMLLIElement {
  const row = make('li');
  const bar = make('progress');
  bar.max = 1;
  bar.value = share;
  bar.setAttribute('aria-hidden', 'true');
  row.append(make('span', { text: name }), bar, make('span', { text: percent(share), kind: 'share' }));
  return row;
}
