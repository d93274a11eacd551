import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileError } from '../files/fileError.ts';
import { readRecords } from './journal/journal.ts';
import { isMetrics, type JournalRecord } from './journal/records.ts';
import { isRunId } from './directory.ts';
import { leaves } from '../files/leaves.ts';
import { isLocked } from '../files/lock.ts';
import { type Labels, readLabels } from './labels.ts';
import { parseYaml } from '../files/yamlValue.ts';

/** `interrupted`: stopped by Ctrl-C or killed; it can go on. */
export type RunStatus = 'finished' | 'interrupted' | 'running' | 'failed';

/** What a run's folder says of the run; most of it is missing where the run has just started. */
export interface RunFacts extends Labels {
  readonly id: string;
  readonly path: string;
  readonly status: RunStatus;
  /** Share of the test images; of the validation images at best where it was not tested. */
  readonly accuracy: number | undefined;
  readonly accuracyOf: 'test' | 'validation' | undefined;
  /** The mean loss over the same images, of the epoch with the least; for a model without classes the measure of it. */
  readonly loss: number | undefined;
  readonly lossOf: 'test' | 'validation' | undefined;
  /** Epochs finished. */
  readonly epochs: number;
  /** From its start to its last record, or as the summary says. */
  readonly seconds: number | undefined;
  readonly device: string | undefined;
  /** Dotted keys: `optimizer.lr`. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Dotted keys: `git.commit`. */
  readonly environment: Readonly<Record<string, unknown>>;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly records: readonly JournalRecord[];
  /** What of the folder cannot be read. */
  readonly faults: readonly string[];
}

/** Reads a run's folder; what is missing or unreadable is left out, the latter with a note among the faults. */
export async function readRunFacts(path: string): Promise<RunFacts> {
  const faults: string[] = [];
  const read = async (name: string, parse: (text: string) => unknown): Promise<Record<string, unknown>> => {
    const text = await readFile(join(path, name), 'utf8').catch(() => undefined);
    if (text === undefined) return {};
    try {
      const value = parse(text);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // Said below.
    }
    faults.push(`${join(path, name)} is unusable`);
    return {};
  };
  const configuration = await read('config.yaml', (text) => parseYaml(text).value);
  const environment = await read('environment.json', JSON.parse);
  const summary = await read('summary.json', JSON.parse);
  const records = journalOf(path, faults);
  const running = await isLocked(path);
  const configured = Object.fromEntries(leaves(configuration));
  const labels = await readLabels(path, configuredLabels(configured)).catch((error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    faults.push(error.message);
    return configuredLabels(configured);
  });
  return {
    id: basename(path),
    path,
    ...labels,
    status: running ? 'running' : statusOf(records, summary),
    ...measuresOf(records),
    epochs: Math.max(0, ...records.filter(({ kind }) => kind === 'validation').map(({ epoch }) => epoch)),
    seconds: secondsOf(records, environment, summary),
    device: deviceOf(summary, environment, configuration),
    configuration: configured,
    environment: Object.fromEntries(leaves(environment)),
    summary,
    records,
    faults,
  };
}

/** `run.tags` and `run.notes`; runs of earlier versions have none. */
function configuredLabels(configuration: Readonly<Record<string, unknown>>): Labels {
  const [tags, notes] = [configuration['run.tags'], configuration['run.notes']];
  return { tags: Array.isArray(tags) ? tags.map(String) : [], notes: typeof notes === 'string' ? notes : '' };
}

/** All runs of a folder, oldest first. */
export async function readRuns(root: string): Promise<RunFacts[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const ids = entries.filter((entry) => entry.isDirectory() && isRunId(entry.name)).map(({ name }) => name);
  const facts: RunFacts[] = [];
  for (const id of ids.sort()) facts.push(await readRunFacts(join(root, id)));
  return facts;
}

function journalOf(path: string, faults: string[]): JournalRecord[] {
  try {
    return readRecords(join(path, 'metrics.jsonl'));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code !== 'ENOENT') faults.push(error.message);
    return [];
  }
}

function statusOf(records: readonly JournalRecord[], summary: object): RunStatus {
  const last = records.at(-1);
  if (last?.kind === 'end') return last.status;
  return Object.keys(summary).length > 0 ? 'finished' : 'interrupted';
}

type Measure<K extends string> = Record<K, number | undefined> & Record<`${K}Of`, 'test' | 'validation' | undefined>;

function measuresOf(records: readonly JournalRecord[]): Measure<'accuracy'> & Measure<'loss'> {
  const accuracy = measureOf(records, 'accuracy', Math.max);
  const loss = measureOf(records, 'loss', Math.min);
  return { accuracy: accuracy?.value, accuracyOf: accuracy?.of, loss: loss?.value, lossOf: loss?.of };
}

/** The last value of the tests; where there was none, the best of the validations. */
function measureOf(
  records: readonly JournalRecord[],
  metric: string,
  best: (...values: number[]) => number,
): { value: number; of: 'test' | 'validation' } | undefined {
  const values = (kind: string): number[] =>
    records
      .filter(isMetrics)
      .filter((record) => record.kind === kind)
      .flatMap(({ metrics }) => metrics[metric] ?? []);
  const tested = values('test').at(-1);
  if (tested !== undefined) return { value: tested, of: 'test' };
  const validated = values('validation');
  return validated.length > 0 ? { value: best(...validated), of: 'validation' } : undefined;
}

type Section = Readonly<Record<string, unknown>>;

function secondsOf(
  records: readonly JournalRecord[],
  environment: Section,
  { seconds }: Section,
): number | undefined {
  if (typeof seconds === 'number') return seconds;
  const end = records.at(-1)?.time;
  const start = Date.parse(String(environment['startedAt']));
  return end !== undefined && Number.isFinite(start) ? (end - start) / 1000 : undefined;
}

function deviceOf(summary: Section, environment: Section, configuration: Section): string | undefined {
  const adapter = environment['adapter'] as { description?: unknown } | null | undefined;
  const device = summary['device'] ?? adapter?.description ?? configuration['device'];
  return typeof device === 'string' ? device : undefined;
}
