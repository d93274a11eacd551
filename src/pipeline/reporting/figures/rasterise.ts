import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';

export const FONT = 'DejaVu Sans';

/** The fonts travel with the program: a bare machine or container has none, and text would be left out. */
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`),
);

/** An SVG as a PNG, 2 pixels a unit; its text in the font that travels with the program. */
export function rasterise(svg: string): Uint8Array {
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: FONT };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}
