import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';
import { byId, make, percent } from '../elements.ts';
import { showFilters } from '../filters.ts';
import type { LocalModel, Models } from '../models.ts';
import { KeyWanted } from '../service.ts';
import type { ServiceKey } from '../serviceKey.ts';
import { staticModels } from '../site.ts';
import { Camera } from './camera.ts';
import { CorruptionSliders } from './corruptionSliders.ts';
import { Drawing } from './drawing.ts';
import { LocalClassifier } from './localClassifier.ts';
import { imageOf } from './picture.ts';
import { askService, type Prediction, type Subject } from './prediction.ts';
import { drawn, showSamples } from './samples.ts';
import { fetchServiceModel } from './serviceModel.ts';

/** Starts the view that classifies drawings and pictures, by the service's model or one that was trained here. */
export function startRecognise(models: Models, key: ServiceKey): void {
  new Recognise(models, key);
}

/** Values of the choice of models, besides the indices of those that were trained here. */
const IN_BROWSER = 'browser';
const ON_SERVER = 'server';

/** The models that are there before one is trained here. */
const SHARED: readonly (readonly [value: string, title: string])[] = staticModels?.map(
  ({ path, title }) => [path, title] as const,
) ?? [
  [IN_BROWSER, 'Service’s model, in the browser'],
  [ON_SERVER, 'Service’s model, on the server'],
];

/** Milliseconds without an answer after which the view says that it waits. */
const SLOW = 300;

class Recognise {
  readonly #models: Models;
  readonly #key: ServiceKey;
  readonly #answer = byId('answer', HTMLElement);
  readonly #classes = byId('classes', HTMLOListElement);
  readonly #origin = byId('model', HTMLElement);
  readonly #source = byId('source', HTMLSelectElement);
  readonly #closer = byId('closer', HTMLElement);
  readonly #drawing = new Drawing(
    () => void this.#classifyDrawing(),
    () => this.#clear(),
  );
  readonly #camera = new Camera(
    () => this.#clear(),
    (picture) => void this.#classifyPicture(picture),
    (message) => this.#say(message, 'bad'),
  );
  readonly #sliders = new CorruptionSliders(() => this.#classify());
  #model: LocalModel | undefined;
  #classifier: LocalClassifier | undefined;
  /** The request on its way; a newer one makes its answer worthless. */
  #current: AbortController | undefined;
  #subject: Subject | undefined;

  constructor(models: Models, key: ServiceKey) {
    this.#models = models;
    this.#key = key;
    this.#listen();
    this.#clear();
    this.#listModels(SHARED[0]![0]);
    models.onChange(() => this.#listModels(String(models.all.length - 1)));
    void this.#showSamples();
  }

  #listen(): void {
    const { canvas } = this.#drawing;
    const file = byId('file', HTMLInputElement);
    file.addEventListener('change', () => {
      void this.#classifyPicture(file.files?.[0]).then(() => {
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
      void this.#classifyPicture(event.dataTransfer?.files[0]);
    });
    document.addEventListener('paste', (event) => void this.#classifyPicture(event.clipboardData?.files[0]));
    this.#source.addEventListener('change', () => this.#choose());
  }

  async #showSamples(): Promise<void> {
    await showSamples(this.#key.value, (pixels) => {
      this.#clear();
      this.#subject = { pixels };
      void createImageBitmap(drawn(pixels, make('canvas'))).then((picture) => this.#drawing.show(picture));
      this.#classify();
    });
  }

  /** Offers the service's model, here or there, and those that were trained here. */
  #listModels(chosen: string): void {
    const choices = [
      ...SHARED,
      ...this.#models.all.map(({ title }, at) => [String(at), title] as const),
    ] as const;
    this.#source.replaceChildren(
      ...choices.map(([value, text]) => {
        const option = make('option', { text });
        option.value = value;
        return option;
      }),
    );
    this.#source.value = chosen;
    this.#choose();
  }

  #choose(): void {
    this.#current?.abort();
    this.#classifier?.close();
    this.#classifier = undefined;
    this.#model = this.#models.all[Number(this.#source.value)];
    this.#classify();
  }

  #clear(): void {
    this.#current?.abort();
    this.#camera.close();
    this.#subject = undefined;
    this.#drawing.clear();
    this.#forget();
    this.#say('Nothing drawn yet.');
  }

  async #classifyDrawing(): Promise<void> {
    this.#subject = { blob: await this.#drawing.toBlob() };
    this.#classify();
  }

  /** Shows a picture, and classifies the file itself. */
  async #classifyPicture(picture: Blob | undefined): Promise<void> {
    if (!picture) return;
    this.#clear();
    try {
      this.#drawing.show(await createImageBitmap(picture));
    } catch {
      this.#say('This browser cannot read that picture. Convert it to PNG or JPEG.', 'bad');
      return;
    }
    this.#subject = { blob: picture };
    this.#classify();
  }

  #classify(): void {
    if (this.#subject) void this.#ask(this.#subject);
  }

  async #ask(subject: Subject): Promise<void> {
    this.#current?.abort();
    const request = new AbortController();
    this.#current = request;
    const isWanted = (): boolean => this.#current === request && !request.signal.aborted;
    const slow = setTimeout(() => {
      if (isWanted()) this.#say('Thinking …');
    }, SLOW);
    try {
      const [prediction, seen] = await this.#predict(subject, request.signal);
      if (isWanted()) this.#show(prediction, seen);
    } catch (error) {
      if (!isWanted()) return;
      this.#forget();
      this.#say((error as Error).message, error instanceof KeyWanted ? 'quiet' : 'bad');
      if (error instanceof KeyWanted) {
        this.#key.ask(() => {
          void this.#showSamples();
          this.#classify();
        });
      }
    } finally {
      clearTimeout(slow);
    }
  }

  /** Asks the chosen model. Returns the image that it saw, too. */
  async #predict(subject: Subject, signal: AbortSignal): Promise<[Prediction, Uint8Array]> {
    const isServer = this.#source.value === ON_SERVER;
    if (!isServer) this.#model ??= await this.#fetchModel();
    const data = this.#model?.data ?? FASHION_MNIST_DESCRIPTION;
    const pixels = 'pixels' in subject ? subject.pixels : await imageOf(subject.blob, data);
    const seen = this.#sliders.areZero ? pixels : this.#sliders.apply(pixels);
    const onServer = async (): Promise<Prediction> =>
      askService(this.#sliders.areZero ? subject : { pixels: seen }, this.#key.value, signal);
    if (isServer || !this.#model) return [await onServer(), seen];
    signal.throwIfAborted();
    this.#classifier ??= new LocalClassifier(this.#model);
    try {
      return [await this.#classifier.classify(seen), seen];
    } catch (error) {
      // The server has the service's model, too; one that was trained here runs here only.
      if (this.#source.value !== IN_BROWSER || signal.aborted) throw error;
      const prediction = await onServer();
      const reason = `It does not run in this browser: ${(error as Error).message}`;
      return [{ ...prediction, origin: `${prediction.origin}. ${reason}` }, seen];
    }
  }

  #fetchModel(): Promise<LocalModel> {
    return fetchServiceModel(this.#key.value, staticModels && this.#source.value);
  }

  /** @param kind an answer is large, a failure red */
  #say(text: string, kind: 'quiet' | 'answer' | 'bad' = 'quiet'): void {
    this.#answer.textContent = text;
    this.#answer.className = kind;
  }

  #forget(): void {
    this.#classes.replaceChildren();
    this.#origin.textContent = '';
    this.#closer.hidden = true;
  }

  #show({ probabilities, origin, activations }: Prediction, seen: Uint8Array): void {
    this.#key.accepted();
    const rows = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
    const [name, share] = rows[0]!;
    this.#say(`${name}, ${percent(share)}`, 'answer');
    this.#classes.replaceChildren(...rows.map(([name, share]) => rowOf(name, share)));
    this.#origin.textContent = origin;
    this.#closer.hidden = false;
    drawn(seen, byId('seen', HTMLCanvasElement), this.#model?.data.width);
    byId('activations-figure', HTMLElement).hidden = activations === undefined;
    const pictures = byId('activations', HTMLElement);
    pictures.classList.toggle('single', activations?.count === 1);
    if (activations) showFilters(pictures, activations);
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
