import { dirname } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { writeFileAtomic } from '../../files/atomicFile.ts';
import { makeFolders } from '../../files/folders.ts';
import { renderFigure } from './render.ts';

/**
 * Draws a figure into `<stem>.svg` and `<stem>.png`, and returns the SVG. Folders that are missing are made.
 *
 * @throws FigureError, FileError
 */
export async function writeFigure(stem: string, specification: TopLevelSpec): Promise<string> {
  const { svg, png } = await renderFigure(specification);
  makeFolders(dirname(stem));
  await writeFileAtomic(`${stem}.svg`, svg);
  await writeFileAtomic(`${stem}.png`, png);
  return svg;
}
