import { corrupt, SEVERITIES } from '../../../../pipeline/data/corruptions/index.ts';
import { byId, make } from '../elements.ts';

/** The corruptions that the page offers, in the order in which they are applied. */
const SLIDERS = [
  ['rotate', 'Rotation'],
  ['gaussian_blur', 'Blur'],
  ['pixelate', 'Coarse pixels'],
  ['contrast', 'Low contrast'],
  ['fog', 'Fog'],
  ['gaussian_noise', 'Noise'],
] as const;

/** Sliders that corrupt the image before a model sees it: 0 leaves it as it is, 5 is the greatest severity. */
export class CorruptionSliders {
  readonly #sliders = new Map<string, HTMLInputElement>();

  /** @param changed is called when a slider moves */
  constructor(changed: () => void) {
    const container = byId('corruptions', HTMLElement);
    for (const [name, text] of SLIDERS) {
      const slider = make('input');
      Object.assign(slider, {
        type: 'range',
        min: '0',
        max: String(SEVERITIES),
        step: '1',
        value: '0',
        name,
      });
      slider.addEventListener('input', () => {
        this.#showValues();
        changed();
      });
      const label = make('label', { kind: 'slider' });
      // A screen reader reads the slider's own value.
      const value = make('span', { text: '0' });
      value.setAttribute('aria-hidden', 'true');
      label.append(make('span', { text }), slider, value);
      container.append(label);
      this.#sliders.set(name, slider);
    }
    byId('reset', HTMLButtonElement).addEventListener('click', () => {
      for (const slider of this.#sliders.values()) slider.value = '0';
      this.#showValues();
      changed();
    });
  }

  get areZero(): boolean {
    return [...this.#sliders.values()].every(({ value }) => value === '0');
  }

  #showValues(): void {
    for (const slider of this.#sliders.values()) slider.nextElementSibling!.textContent = slider.value;
  }

  apply(pixels: Uint8Array): Uint8Array {
    let image = pixels;
    for (const [corruption, { value }] of this.#sliders) {
      const severity = Number(value);
      if (severity > 0) image = corrupt(image, { corruption, severity, seed: 0, index: 0 });
    }
    return image;
  }
}
