import {
  type Choices,
  commandOf,
  configurationOf,
  defaultChoices,
  type ModelName,
} from '../configurations.ts';
import { byId } from '../elements.ts';
import type { Configuration } from '../../../../pipeline/config/schema.ts';

/** The form with the main values of the configuration. */
export class SetupForm {
  readonly #form = byId('setup', HTMLFormElement);
  readonly #problem = byId('problem', HTMLElement);

  /** @param submitted is called with the configuration that the form describes */
  constructor(submitted: (configuration: Configuration) => void) {
    this.#form.addEventListener('input', (event) => {
      if ((event.target as HTMLInputElement).name === 'model') this.#fill(this.#choices.model);
      this.#describe();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const configuration = this.#describe();
      if (configuration) submitted(configuration);
    });
    this.#fill(this.#choices.model);
    this.#describe();
  }

  /** Locks the form while its training runs. */
  set locked(locked: boolean) {
    byId('setup-fields', HTMLFieldSetElement).disabled = locked;
  }

  deviceChoice(device: Choices['device']): HTMLInputElement {
    return this.#form.querySelector<HTMLInputElement>(`input[name="device"][value="${device}"]`)!;
  }

  get #choices(): Choices {
    const values = new FormData(this.#form);
    const text = (name: string): string => {
      const value = values.get(name);
      return typeof value === 'string' ? value : '';
    };
    const number = (name: string): number => (text(name).trim() === '' ? NaN : Number(text(name)));
    return {
      model: text('model') as ModelName,
      device: text('device') as Choices['device'],
      epochs: number('epochs'),
      batchSize: number('batchSize'),
      lr: number('lr'),
      optimizer: text('optimizer') as Choices['optimizer'],
      seed: number('seed'),
      limitTrain: text('limitTrain') === '' ? undefined : Number(text('limitTrain')),
    };
  }

  /** Sets what differs from network to network. */
  #fill(model: ModelName): void {
    const { epochs, batchSize, lr, optimizer, seed } = defaultChoices(model);
    for (const [name, value] of Object.entries({ epochs, batchSize, lr, optimizer, seed })) {
      (this.#form.elements.namedItem(name) as HTMLInputElement).value = String(value);
    }
  }

  /** Shows the command, or what is wrong. */
  #describe(): Configuration | undefined {
    const choices = this.#choices;
    const configuration = configurationOf(choices);
    const isUsable = 'train' in configuration;
    this.#problem.hidden = isUsable;
    if (!isUsable) {
      this.#problem.textContent = configuration.join('\n');
      return undefined;
    }
    byId('command', HTMLElement).textContent = commandOf(choices);
    return configuration;
  }
}
