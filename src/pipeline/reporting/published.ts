import { join } from 'node:path';
import { z } from 'zod';
import type { Shape } from '../config/parts.ts';
import { hashDirectory } from '../data/dvc/hash.ts';
import { writeJson } from '../files/json.ts';

/** The file of a run's folder that says which figures were published of it. */
export const PUBLISHED_FIGURES = 'figures.json';

/** What is recorded of published figures. */
export interface PublishedFigures {
  /** The weights that they were drawn of. */
  readonly weightsSha256: string;
  /** DVC's hash of their folder. */
  readonly md5: string;
}

export const publishedFigures: z.ZodType<PublishedFigures> = z.object({
  weightsSha256: z.string(),
  md5: z.string(),
} satisfies Shape<PublishedFigures>);

/** Records in a run's folder which figures lie in a folder of reports. */
export async function recordFigures(run: string, folder: string, weightsSha256: string): Promise<void> {
  const { md5 } = await hashDirectory(folder);
  const record: PublishedFigures = { weightsSha256, md5 };
  await writeJson(join(run, PUBLISHED_FIGURES), record);
}
