import { join } from 'node:path';
import { z } from 'zod';
import { TAG } from '../config/schema.ts';
import type { Shape } from '../config/parts.ts';
import { readOptionalJson, writeJson } from '../files/json.ts';
import { UsageError } from '../text/didYouMean.ts';

/** What people say of a run: `labels.json`, where it differs from `run.tags` and `run.notes` of the configuration. */
export interface Labels {
  readonly tags: readonly string[];
  readonly notes: string;
}

const FILE = 'labels.json';

const labels: z.ZodType<Labels> = z.object({
  tags: z.array(z.string().regex(TAG)),
  notes: z.string(),
} satisfies Shape<Labels>);

/**
 * The tags and notes of a run.
 *
 * @param path the run's folder
 * @param configured those of its configuration
 * @throws FileError where `labels.json` is unusable
 */
export async function readLabels(path: string, configured: Labels): Promise<Labels> {
  return (await readOptionalJson(join(path, FILE), labels, 'tags and notes')) ?? configured;
}

/**
 * Writes the tags and notes of a run.
 *
 * @throws UsageError for a tag that is no word, FileError where the file cannot be written
 */
export async function writeLabels(path: string, { tags, notes }: Labels): Promise<void> {
  const wrong = tags.find((tag) => !TAG.test(tag));
  if (wrong !== undefined) {
    throw new UsageError(`a tag takes letters, digits, ".", "_" and "-"; got '${wrong}'`);
  }
  await writeJson(join(path, FILE), { tags: [...new Set(tags)].sort(), notes });
}
