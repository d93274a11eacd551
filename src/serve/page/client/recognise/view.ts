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

/** What a model says, and the image that it saw. */
interface Seen {
  readonly prediction: Prediction;
  readonly image: Uint8Array;
  readonly width: number;
}

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
  /** The chosen model, once it is asked for; undefined where the server classifies. */
  #model: Promise<LocalModel> | undefined;
  #classifier: LocalClassifier | undefined;
  /** The request on its way; a newer one makes its answer worthless. */
  #current: AbortController | undefined;
  #subject: Subject | undefined;
  /** Counts drawings and pictures: one that is ready after the next has begun is worthless. */
  #turn = 0;

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
    addEventListener('hashchange', () => {
      if (byId('recognise', HTMLElement).hidden) this.#camera.close();
    });
  }

  async #showSamples(): Promise<void> {
    await showSamples(this.#key.value, (pixels) => {
      this.#clear();
      const turn = this.#turn;
      this.#subject = { pixels };
      void createImageBitmap(drawn(pixels, make('canvas'))).then((picture) => {
        if (turn === this.#turn) this.#drawing.show(picture);
      });
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
    const trainedHere = this.#models.all[Number(this.#source.value)];
    this.#model = trainedHere && Promise.resolve(trainedHere);
    this.#classify();
  }

  #clear(): void {
    this.#turn++;
    this.#current?.abort();
    this.#camera.close();
    this.#subject = undefined;
    this.#drawing.clear();
    this.#forget();
    this.#say('Nothing drawn yet.');
  }

  async #classifyDrawing(): Promise<void> {
    const turn = ++this.#turn;
    const blob = await this.#drawing.toBlob();
    if (turn !== this.#turn) return;
    this.#subject = { blob };
    this.#classify();
  }

  /** Shows a picture, and classifies the file itself. */
  async #classifyPicture(picture: Blob | undefined): Promise<void> {
    if (!picture) return;
    this.#clear();
    const turn = this.#turn;
    try {
      const bitmap = await createImageBitmap(picture);
      if (turn !== this.#turn) return;
      this.#drawing.show(bitmap);
    } catch {
      if (turn !== this.#turn) return;
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
      const seen = await this.#predict(subject, request.signal);
      if (isWanted()) this.#show(seen);
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

  /** Asks the chosen model. */
  async #predict(subject: Subject, signal: AbortSignal): Promise<Seen> {
    const model = this.#source.value === ON_SERVER ? undefined : await this.#chosenModel();
    const data = model?.data ?? FASHION_MNIST_DESCRIPTION;
    const { width } = data;
    const pixels = 'pixels' in subject ? subject.pixels : await imageOf(subject.blob, data);
    signal.throwIfAborted();
    const image = this.#sliders.areZero ? pixels : this.#sliders.apply(pixels);
    const onServer = async (): Promise<Prediction> =>
      askService(this.#sliders.areZero ? subject : { pixels: image }, this.#key.value, signal);
    if (!model) return { prediction: await onServer(), image, width };
    this.#classifier ??= new LocalClassifier(model);
    try {
      return { prediction: await this.#classifier.classify(image), image, width };
    } catch (error) {
      // The server has the service's model, too; one that was trained here runs here only.
      if (this.#source.value !== IN_BROWSER || signal.aborted) throw error;
      const prediction = await onServer();
      const origin = `${prediction.origin}. It does not run in this browser: ${(error as Error).message}`;
      return { prediction: { ...prediction, origin }, image, width };
    }
  }

  /** The model that is chosen at the time of the call; it is fetched once, and again after a failure. */
  #chosenModel(): Promise<LocalModel> {
    if (this.#model) return this.#model;
    const model = fetchServiceModel(this.#key.value, staticModels && this.#source.value);
    this.#model = model;
    model.catch(() => {
      if (this.#model === model) this.#model = undefined;
    });
    return model;
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

  #show({ prediction, image, width }: Seen): void {
    const { probabilities, origin, activations } = prediction;
    this.#key.accepted();
    const rows = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
    const [name, share] = rows[0]!;
    this.#say(`${name}, ${percent(share)}`, 'answer');
    this.#classes.replaceChildren(...rows.map(([name, share]) => rowOf(name, share)));
    this.#origin.textContent = origin;
    this.#closer.hidden = false;
    drawn(image, byId('seen', HTMLCanvasElement), width);
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
