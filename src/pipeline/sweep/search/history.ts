import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../files/fileError.ts';
import { type LineFile, openLines, readLines } from '../../files/lineFile.ts';
import { lockFolder } from '../../files/lock.ts';
import type { Overrides } from '../axes.ts';

/** A trial as its sweep planned it. */
export interface PlannedTrial {
  readonly id: string;
  readonly overrides: Overrides;
}

/** A trial has reached an epoch at which bad ones are stopped. */
export interface Rung {
  readonly id: string;
  readonly epoch: number;
  /** The best validation until then; null where none was finite. */
  readonly value: number | null;
  readonly goesOn: boolean;
}

/** How a trial ended: with a value, which is null without a finite result; or stopped early. */
export interface TrialResult {
  readonly value: number | null;
  readonly stoppedAt?: number;
}

/** A line of a sweep's journal: a trial was planned, has reached a rung, or has ended. */
export type SweepRecord =
  | { readonly kind: 'trial'; readonly id: string; readonly overrides: string[] }
  | ({ readonly kind: 'rung' } & Rung)
  | { readonly kind: 'result'; readonly id: string; readonly value: number | null };

const id = z.string().regex(/^[0-9a-f]{16}$/);
const recordSchema: z.ZodType<SweepRecord> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('trial'), id, overrides: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('rung'),
    id,
    epoch: z.int().min(1),
    value: z.number().nullable(),
    goesOn: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('result'), id, value: z.number().nullable() }),
]);

/**
 * Calls `action` with the history of the sweep in a folder, which no other process has meanwhile.
 *
 * @param planned the trials of a sweep that are known without the history
 * @throws LockedError while another process has it, and as `SweepHistory`
 */
export async function withHistory<T>(
  folder: string,
  action: (history: SweepHistory) => Promise<T>,
  planned: readonly PlannedTrial[] = [],
): Promise<T> {
  const unlock = await lockFolder(folder);
  try {
    const history = new SweepHistory(join(folder, 'journal.jsonl'), planned);
    try {
      return await action(history);
    } finally {
      history.close();
    }
  } finally {
    await unlock();
  }
}

/**
 * What has happened in a sweep, in order. All that the sweep decides is a function of it. Each record is on the disk
 * before anything follows from it, so a sweep that was killed continues with the same decisions.
 */
export class SweepHistory {
  readonly path: string;
  readonly #file: LineFile;
  readonly #trials = new Map<string, PlannedTrial>();
  readonly #results = new Map<string, TrialResult>();
  readonly #rungs = new Map<string, Rung[]>();
  readonly #reached: Rung[] = [];

  /**
   * Opens the journal of a sweep, or begins it.
   *
   * @throws FileError where it cannot be read or written, or naming the first line that does not fit
   */
  constructor(path: string, planned: readonly PlannedTrial[] = []) {
    this.path = path;
    for (const trial of planned) this.#trials.set(trial.id, trial);
    const records = existsSync(path) ? readLines(path, parseRecord, 'a record of a sweep') : [];
    for (const [index, record] of records.entries()) {
      const fault = this.#faultOf(record);
      if (fault !== undefined) {
        throw new FileError(`${path}:${index + 1}`, `names ${fault}; correct or remove this line`);
      }
      this.#apply(record);
    }
    this.#file = openLines(path);
  }

  /** In the order in which they were planned. */
  get trials(): readonly PlannedTrial[] {
    return [...this.#trials.values()];
  }

  /** In the order in which they were recorded. */
  get results(): ReadonlyMap<string, TrialResult> {
    return this.#results;
  }

  has(id: string): boolean {
    return this.#trials.has(id);
  }

  /** The rungs that a trial has reached. */
  rungsOf(id: string): readonly Rung[] {
    return this.#rungs.get(id) ?? [];
  }

  /** The trials that have reached an epoch, in the order in which they were recorded. */
  rungsAt(epoch: number): readonly Rung[] {
    return this.#reached.filter((rung) => rung.epoch === epoch);
  }

  reach(rung: Rung): void {
    this.#write({ kind: 'rung', ...rung });
  }

  plan(trial: PlannedTrial): void {
    this.#write({ kind: 'trial', id: trial.id, overrides: [...trial.overrides] });
  }

  /** Notes how a trial ended. A result that is known is not noted again; another one replaces it, as the latest. */
  end(id: string, value: number): void {
    const finite = Number.isFinite(value) ? value : null;
    if (this.#results.get(id)?.value !== finite) this.#write({ kind: 'result', id, value: finite });
  }

  close(): void {
    this.#file.close();
  }

  /** What a record names that does not follow from those before. */
  #faultOf(record: SweepRecord): string | undefined {
    const isPlanned = this.has(record.id);
    if (record.kind === 'trial') return isPlanned ? 'a trial that was planned before' : undefined;
    if (!isPlanned) return 'a trial that was not planned';
    const rungs = record.kind === 'rung' ? this.rungsOf(record.id) : [];
    return rungs.some((rung) => record.kind === 'rung' && rung.epoch === record.epoch)
      ? 'a rung that the trial had reached before'
      : undefined;
  }

  #write(record: SweepRecord): void {
    this.#file.append(JSON.stringify(record));
    this.#file.sync();
    this.#apply(record);
  }

  #apply(record: SweepRecord): void {
    const { kind, id } = record;
    if (kind === 'trial') {
      this.#trials.set(id, { id, overrides: record.overrides });
      return;
    }
    if (kind === 'rung') {
      const { epoch, value, goesOn } = record;
      const rung = { id, epoch, value, goesOn };
      this.#reached.push(rung);
      this.#rungs.set(id, [...this.rungsOf(id), rung]);
      if (!goesOn) this.#results.set(id, { value, stoppedAt: epoch });
      return;
    }
    this.#results.delete(id);
    this.#results.set(id, { value: record.value });
  }
}

function parseRecord(line: string): SweepRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
