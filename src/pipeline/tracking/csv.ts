import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { isMetrics, type JournalRecord } from '../runs/journal/records.ts';
import { type OpenTracker, timeOf } from './tracker.ts';

const HEADER = ['time', 'epoch', 'step', 'data', 'metric', 'value'];

/**
 * `metrics.csv` in the run's folder: one line for each number, so new metrics need no column. Times are ISO 8601 (UTC).
 *
 *     time,epoch,step,data,metric,value
 *     2026-11-24T13:45:01.204Z,1,50,train,loss,0.8123
 */
export const openCsv: OpenTracker = (run, past) => {
  const path = join(run.path, 'metrics.csv');
  const rows = (record: JournalRecord): (string | number)[][] => {
    if (!isMetrics(record)) return [];
    const { kind, epoch, step, metrics } = record;
    const time = new Date(timeOf(run, record)).toISOString();
    return Object.entries(metrics).map(([name, value]) => [time, epoch, step, kind, name, String(value)]);
  };
  writeFileSync(path, stringify([HEADER, ...past.flatMap(rows)]));
  return { write: (record) => appendFileSync(path, stringify(rows(record))) };
};
