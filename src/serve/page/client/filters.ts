import { make } from './elements.ts';
import type { Filters } from './worker/messages.ts';

/** Red, green and blue of positive and of negative weights; the weight is the opacity, so 0 is the background. */
const POSITIVE = [214, 110, 30] as const;
const NEGATIVE = [50, 105, 215] as const;

/** Draws weights or activations of the first layer as pictures, each in full colour at its greatest magnitude. */
export function showFilters(container: HTMLElement, { values, count, height, width }: Filters): void {
  while (container.childElementCount < count) container.append(make('canvas'));
  while (container.childElementCount > count) container.lastElementChild!.remove();
  const size = height * width;
  [...container.querySelectorAll('canvas')].forEach((canvas, at) => {
    const filter = values.subarray(at * size, (at + 1) * size);
    const most = filter.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1e-12);
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d')!;
    const picture = context.createImageData(width, height);
    filter.forEach((value, pixel) => {
      const colour = value > 0 ? POSITIVE : NEGATIVE;
      picture.data.set([...colour, Math.round((255 * Math.abs(value)) / most)], 4 * pixel);
    });
    context.putImageData(picture, 0, 0);
  });
}
