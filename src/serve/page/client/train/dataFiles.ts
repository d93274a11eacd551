import { byId } from '../elements.ts';
import { hasImages } from '../site.ts';

/** Lets the visitor choose the files of Fashion-MNIST where the site does not hold them. */
export class DataFiles {
  readonly #input = byId('data-files', HTMLInputElement);

  constructor() {
    byId('data', HTMLElement).hidden = hasImages;
    this.#input.addEventListener('change', () => {
      byId('data-chosen', HTMLElement).textContent = this.chosen.map(({ name }) => name).join(', ');
    });
  }

  get chosen(): readonly File[] {
    return [...(this.#input.files ?? [])];
  }
}
