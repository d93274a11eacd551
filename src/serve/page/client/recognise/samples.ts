import { CLASS_NAMES, IMAGE_SIZE } from '../../../../pipeline/data/images.ts';
import type { Sample } from '../../content.ts';
import { byId, make } from '../elements.ts';
import { keyHeaders } from '../service.ts';
import { bytesOf } from './serviceModel.ts';

/** Shows test images to click, if the service has any. */
export async function showSamples(key: string, chosen: (pixels: Uint8Array) => void): Promise<void> {
  const response = await fetch('data/samples', { headers: keyHeaders(key) });
  if (!response.ok) return;
  const samples = (await response.json()) as Sample[];
  const buttons = samples.map(({ label, pixels: base64 }, at) => {
    const pixels = bytesOf(base64);
    const button = make('button', { kind: 'sample' });
    button.type = 'button';
    button.setAttribute('aria-label', `Test image ${at + 1}: ${CLASS_NAMES[label]!}`);
    button.title = CLASS_NAMES[label]!;
    button.append(drawn(pixels, make('canvas')));
    button.addEventListener('click', () => chosen(pixels));
    return button;
  });
  byId('sample-list', HTMLElement).replaceChildren(...buttons);
  byId('samples', HTMLElement).hidden = samples.length === 0;
}

/** Draws a grey image of the model's size on a canvas. */
export function drawn(
  pixels: Uint8Array,
  canvas: HTMLCanvasElement,
  width: number = IMAGE_SIZE,
): HTMLCanvasElement {
  canvas.width = width;
  canvas.height = pixels.length / width;
  const context = canvas.getContext('2d')!;
  const picture = context.createImageData(canvas.width, canvas.height);
  pixels.forEach((value, at) => picture.data.set([value, value, value, 255], 4 * at));
  context.putImageData(picture, 0, 0);
  return canvas;
}
