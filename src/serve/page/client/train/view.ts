import type { Configuration } from '../../../../pipeline/config/schema.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';
import { thousands } from '../../../../pipeline/text/numbers.ts';
import { byId, duration, percent } from '../elements.ts';
import type { Models } from '../models.ts';
import { PageWorker } from '../pageWorker.ts';
import type { ServiceKey } from '../serviceKey.ts';
import { hasImages, here } from '../site.ts';
import type { Answer, Outcome, Progress } from '../worker/messages.ts';
import { Chart } from './chart.ts';
import { Confusion } from './confusion.ts';
import { showFilters } from '../filters.ts';
import { explainWebGpu } from '../webgpu.ts';
import { DataFiles } from './dataFiles.ts';
import { SetupForm } from './form.ts';
import { loadWeights } from './loadWeights.ts';

/** Starts the view that trains a network in a worker and shows how. */
export function startTrain(models: Models, key: ServiceKey): void {
  new Train(models, key);
}

class Train {
  readonly #models: Models;
  readonly #key: ServiceKey;
  readonly #form = new SetupForm((configuration) => this.#start(configuration));
  readonly #files = new DataFiles();
  readonly #state = byId('state', HTMLElement);
  readonly #bar = byId('bar', HTMLProgressElement);
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #stop = byId('stop', HTMLButtonElement);
  readonly #download = byId('download', HTMLAnchorElement);
  readonly #loss = new Chart(byId('loss-chart', HTMLElement), {
    title: 'Loss',
    format: (value) => value.toFixed(2),
    range: [0, 0.5],
  });
  readonly #accuracy = new Chart(byId('accuracy-chart', HTMLElement), {
    title: 'Accuracy',
    format: (value) => `${Math.round(100 * value)} %`,
    range: [0.6, 1],
  });
  readonly #confusion = new Confusion(FASHION_MNIST_DESCRIPTION.classes);
  #worker: PageWorker | undefined;
  #configuration: Configuration | undefined;
  #device = '';
  #isPaused = false;
  #trained = 0;

  constructor(models: Models, key: ServiceKey) {
    this.#models = models;
    this.#key = key;
    this.#say(
      'Not started. Loss and accuracy, the first layer and the confusion matrix appear here while the network is trained.',
    );
    void explainWebGpu(
      byId('webgpu', HTMLElement),
      [this.#form.deviceChoice('webgpu')],
      this.#form.deviceChoice('auto'),
    );
    this.#pause.addEventListener('click', () => this.#togglePause());
    this.#stop.addEventListener('click', () => this.#stopTraining());
    byId('try', HTMLButtonElement).addEventListener('click', () => {
      location.hash = 'recognise';
    });
    const file = byId('weights-file', HTMLInputElement);
    file.addEventListener('change', () => void this.#load(file));
  }

  #start(configuration: Configuration): void {
    const files = this.#files.chosen;
    if (!hasImages && files.length === 0) {
      this.#say('This site holds no images. Choose the four files of Fashion-MNIST first.', true);
      return;
    }
    this.#configuration = configuration;
    this.#form.locked = true;
    this.#isPaused = false;
    this.#device = '';
    this.#setPauseText();
    this.#say(files.length > 0 ? 'Reading the files …' : `Fetching Fashion-MNIST from ${here} …`);
    this.#bar.value = 0;
    this.#showRunning(true);
    // The button that was pressed takes no keys now.
    this.#pause.focus();
    byId('result-controls', HTMLElement).hidden = true;
    for (const id of ['figures', 'curves', 'insights']) byId(id, HTMLElement).hidden = true;
    this.#worker = new PageWorker();
    this.#worker.listen(
      (answer) => this.#receive(answer),
      ({ message }) => this.#fail(message),
    );
    this.#worker.send({
      kind: 'train',
      configuration,
      key: this.#key.value,
      ...(files.length > 0 && { files }),
    });
  }

  #receive(answer: Answer): void {
    switch (answer.kind) {
      case 'download':
        this.#showDownload(answer.received, answer.total);
        break;
      case 'device':
        this.#noteDevice(answer);
        break;
      case 'progress':
        this.#showProgress(answer);
        break;
      case 'filters':
        byId('insights', HTMLElement).hidden = false;
        showFilters(byId('filters', HTMLElement), answer);
        break;
      case 'validation':
        this.#showValidation(answer);
        break;
      case 'paused':
      case 'resumed':
        this.#say(`${answer.kind === 'paused' ? 'Paused' : 'Training'}. ${this.#device}`);
        break;
      case 'finished':
        this.#finish(answer.configuration, answer);
        break;
      case 'failed':
        this.#fail(answer.message, !answer.keyWanted);
        if (answer.keyWanted) this.#key.ask(() => this.#start(this.#configuration!));
        break;
    }
  }

  #showValidation({ epoch, step, judgement }: Extract<Answer, { kind: 'validation' }>): void {
    this.#confusion.show(judgement, 'validation');
    if (epoch === undefined) return;
    this.#loss.add('validation', step, judgement.loss);
    this.#accuracy.add('validation', step, judgement.accuracy);
  }

  #showDownload(received: number, total: number): void {
    this.#key.accepted();
    this.#bar.max = total;
    this.#bar.value = received;
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
    this.#say(
      received < total
        ? `Fetching Fashion-MNIST from ${here}: ${megabytes(received)} of ${megabytes(total)} MB`
        : `Fetched ${megabytes(total)} MB. Preparing the training …`,
    );
  }

  #noteDevice({ device, note }: Extract<Answer, { kind: 'device' }>): void {
    this.#device = `${device.name === 'webgpu' ? 'WebGPU' : 'CPU'}: ${device.description}.`;
    if (note !== undefined) this.#device += `\n${note.split('\n')[0]!}`;
  }

  #showProgress({ epoch, step, steps, loss, accuracy, samplesPerSecond }: Progress): void {
    if (byId('curves', HTMLElement).hidden) {
      this.#loss.start(steps);
      this.#accuracy.start(steps);
      for (const id of ['figures', 'curves', 'insights']) byId(id, HTMLElement).hidden = false;
      this.#say(`Training. ${this.#device}`);
    }
    this.#bar.max = steps;
    this.#bar.value = step;
    this.#loss.add('training', step, loss);
    this.#accuracy.add('training', step, accuracy);
    const { epochs, batchSize } = this.#configuration!.train;
    const left = samplesPerSecond > 0 ? ((steps - step) * batchSize) / samplesPerSecond : 0;
    this.#figure('epoch', `${epoch} of ${epochs}`);
    this.#figure('loss', loss.toFixed(3));
    this.#figure('accuracy', percent(accuracy));
    this.#figure('speed', thousands(Math.round(samplesPerSecond)));
    this.#figure('left', duration(left));
  }

  #figure(name: string, text: string): void {
    byId(`figure-${name}`, HTMLElement).textContent = text;
  }

  /** At once, so that a second click takes the first back; the worker answers between two steps. */
  #togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#setPauseText();
    this.#worker?.send({ kind: this.#isPaused ? 'pause' : 'resume' });
  }

  #setPauseText(): void {
    this.#pause.textContent = this.#isPaused ? 'Resume' : 'Pause';
  }

  /** Ends the training after its present step, or ends the worker where it has not started. */
  #stopTraining(): void {
    if (byId('curves', HTMLElement).hidden) {
      this.#end();
      this.#say('Stopped before the first step.');
      return;
    }
    this.#worker?.send({ kind: 'stop' });
    this.#say('Stopping, and testing the best weights …');
    this.#showRunning(false);
  }

  #finish(configuration: Configuration, outcome: Outcome): void {
    const { test, stopped, bestEpoch, seconds, samplesPerSecond, parameters, weights } = outcome;
    this.#end();
    this.#confusion.show(test, 'test');
    this.#figure('left', stopped ? 'stopped' : 'done');
    const best = bestEpoch > 0 ? `the weights of epoch ${bestEpoch}` : 'the present weights';
    this.#say(
      `${percent(test.accuracy)} of the ${thousands(test.images)} test images are classified correctly, with ${best}. ` +
        `${thousands(parameters)} parameters, ${duration(seconds)} of training, ` +
        `${thousands(Math.round(samplesPerSecond))} samples a second.\n${this.#device}`,
    );
    this.#offer(weights);
    const name = configuration.model.name.toUpperCase();
    this.#models.add({
      title: `${name} trained here (${++this.#trained}), ${percent(test.accuracy)}`,
      model: configuration.model,
      data: FASHION_MNIST_DESCRIPTION,
      weights,
    });
  }

  #offer(weights: Uint8Array): void {
    URL.revokeObjectURL(this.#download.href);
    this.#download.href = URL.createObjectURL(
      new Blob([new Uint8Array(weights)], { type: 'application/octet-stream' }),
    );
    this.#download.hidden = false;
    byId('result-controls', HTMLElement).hidden = false;
  }

  async #load(file: HTMLInputElement): Promise<void> {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    // A training and a file at a time: both end with a message and with buttons for the result.
    this.#form.locked = true;
    this.#say(`Reading ${chosen.name} …`);
    try {
      const { model, weights } = await loadWeights(chosen);
      this.#models.add({ title: chosen.name, model, data: FASHION_MNIST_DESCRIPTION, weights });
      this.#say(`${chosen.name}: the weights of ${model.name === 'cnn' ? 'a CNN' : 'an MLP'} are loaded.`);
      // That of an earlier training stays.
      this.#download.hidden = !this.#download.hasAttribute('href');
      byId('result-controls', HTMLElement).hidden = false;
    } catch (error) {
      this.#say(`${chosen.name}: ${(error as Error).message}`, true);
    }
    file.value = '';
    this.#form.locked = false;
  }

  #fail(message: string, isBad: boolean = true): void {
    this.#end();
    this.#say(message, isBad);
  }

  #end(): void {
    this.#worker?.end();
    this.#worker = undefined;
    this.#form.locked = false;
    this.#showRunning(false);
  }

  #showRunning(isRunning: boolean): void {
    const controls = byId('run-controls', HTMLElement);
    const hasFocus = controls.contains(document.activeElement);
    this.#bar.hidden = !isRunning;
    controls.hidden = !isRunning;
    if (hasFocus && !isRunning) this.#state.focus();
  }

  #say(text: string, isBad: boolean = false): void {
    this.#state.textContent = text;
    this.#state.classList.toggle('bad', isBad);
  }
}
