import { byId } from './elements.ts';
import { isSendable } from './service.ts';

/** The service's API key, for which the page asks where the service wants one. It is kept only while the page is open. */
export class ServiceKey {
  value = '';
  readonly #form = byId('key-form', HTMLFormElement);
  readonly #input = byId('key', HTMLInputElement);
  #again: (() => void) | undefined;

  constructor() {
    this.#input.addEventListener('input', () => {
      const isUsable = isSendable(this.#input.value);
      this.#input.setCustomValidity(
        isUsable ? '' : 'A key has no characters beyond Latin-1, such as € or emoji.',
      );
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.value = this.#input.value;
      this.accepted();
      this.#again?.();
    });
  }

  /** Asks for the key, and then tries again. */
  ask(again: () => void): void {
    this.#again = again;
    this.#form.hidden = false;
    this.#form.scrollIntoView({ block: 'nearest' });
    this.#input.focus();
  }

  accepted(): void {
    this.#form.hidden = true;
  }
}
