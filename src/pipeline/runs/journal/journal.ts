import { writeFileAtomic } from '../../files/atomicFile.ts';
import { explicitNumbers } from '../../files/json.ts';
import { openLines, readLines } from '../../files/lineFile.ts';
import { isMetrics, type JournalRecord, type MetricsRecord, recordSchema } from './records.ts';

export type * from './records.ts';

/** Appends records to a `metrics.jsonl`. */
export interface Journal {
  /**
   * Writes one line, which other processes can read at once.
   *
   * @throws FileError where it cannot be written; the file then ends with the line before
   */
  append: (record: JournalRecord) => void;
  /** Flushes to the disk, so that no checkpoint written afterwards is ahead of the journal. */
  sync: () => void;
  /** Flushes to the disk, and closes the file. */
  close: () => void;
}

export interface JournalOptions {
  /** Gives each record its `time`, in milliseconds since 1970; records have none by default. */
  readonly clock?: () => number;
  /** Called with each record once it is written. */
  readonly listener?: (record: JournalRecord) => void;
}

/**
 * Opens a journal for appending, and creates a missing file. An incomplete last line, left by a crash, is removed.
 *
 * The format is JSON Lines: one object a line, `{"kind":"train","epoch":1,"step":50,"metrics":{"loss":0.41}}`.
 * NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity".
 *
 * @throws FileError where the file cannot be opened for writing
 */
export function openJournal(path: string, { clock, listener }: JournalOptions = {}): Journal {
  const lines = openLines(path);
  return {
    append(untimed) {
      const record = clock ? { ...untimed, time: clock() } : untimed;
      lines.append(JSON.stringify(record, explicitNumbers));
      listener?.(record);
    },
    sync: lines.sync,
    close: lines.close,
  };
}

/** The metrics records of a journal. @throws FileError as `readRecords` */
export function readJournal(path: string): MetricsRecord[] {
  return readRecords(path).filter(isMetrics);
}

/**
 * The records of a journal, without an incomplete last line, which a crash left.
 *
 * @throws FileError where the file cannot be read, or naming the first line that is not a record
 */
export function readRecords(path: string): JournalRecord[] {
  return readLines(path, parseRecord, 'a metrics record');
}

/** Keeps only some records, for a training that continues from a checkpoint older than the journal's end. */
export async function rewindJournal(path: string, keep: (record: JournalRecord) => boolean): Promise<void> {
  const lines = readRecords(path)
    .filter(keep)
    .map((record) => `${JSON.stringify(record, explicitNumbers)}\n`);
  await writeFileAtomic(path, lines.join(''));
}

function parseRecord(line: string): JournalRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
