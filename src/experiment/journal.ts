import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from './atomicFile.ts';
import { FileError, readError, writeError } from './fileError.ts';
import { explicitNumbers } from './jsonNumbers.ts';

/** One line of `metrics.jsonl`: what was measured on which data, when in the training. */
export interface MetricsRecord {
  readonly kind: 'train' | 'validation' | 'test';
  /** Counted from 1. */
  readonly epoch: number;
  /** Optimizer steps since the start of the training. */
  readonly step: number;
  /** `{ loss: 0.41, accuracy: 0.85, samplesPerSecond: 12000 }`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The weights after this step, as `hashWeights` has them; where they are validated. */
  readonly weightsSha256?: string;
}

/** Appends records to a `metrics.jsonl`. */
export interface Journal {
  /**
   * Writes one line, which other processes can read at once.
   *
   * @throws FileError where it cannot be written; the file then ends with the line before.
   */
  append: (record: MetricsRecord) => void;
  /** Waits until all is on the disk, and closes the file. */
  close: () => void;
}

/**
 * Opens a journal to append to it, making the file where there is none. A last line that a crash left torn is
 * cut off, so that new lines start on their own.
 *
 * The format is JSON Lines: one object a line, `{"kind":"train","epoch":1,"step":50,"metrics":{"loss":0.41}}`.
 * NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity".
 *
 * @throws FileError where the file cannot be opened for writing.
 */
export function openJournal(path: string): Journal {
  let file: number;
  let length: number;
  try {
    file = openSync(path, 'a+');
    length = readFileSync(path).lastIndexOf('\n') + 1;
    ftruncateSync(file, length);
  } catch (error) {
    throw writeError(path, error);
  }
  return {
    append(record) {
      const line = Buffer.from(`${JSON.stringify(record, explicitNumbers)}\n`);
      try {
        for (let done = 0; done < line.length;) done += writeSync(file, line, done);
      } catch (error) {
        ftruncateSync(file, length);
        throw writeError(path, error);
      }
      length += line.length;
    },
    close() {
      fsyncSync(file);
      closeSync(file);
    },
  };
}

/**
 * The records of a journal. What follows the last newline was torn by a crash and is left out.
 *
 * @throws FileError where the file cannot be read, or naming the first line that is no record.
 */
export function readJournal(path: string): MetricsRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw readError(path, error);
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const record = parseRecord(line);
      if (record) return record;
      const shown = JSON.stringify(line.slice(0, 80));
      throw new FileError(`${path}:${index + 1}`, `is no metrics record: ${shown}; mend or remove this line`);
    });
}

/** Keeps only some records, as a training does that goes on from a checkpoint older than the journal's end. */
export async function rewindJournal(path: string, keep: (record: MetricsRecord) => boolean): Promise<void> {
  const lines = readJournal(path)
    .filter(keep)
    .map((record) => `${JSON.stringify(record, explicitNumbers)}\n`);
  await writeFileAtomic(path, lines.join(''));
}

const metric = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

const recordSchema: z.ZodType<MetricsRecord> = z.strictObject({
  kind: z.enum(['train', 'validation', 'test']),
  epoch: z.int().min(0),
  step: z.int().min(0),
  metrics: z.record(z.string(), metric),
  weightsSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
});

function parseRecord(line: string): MetricsRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
