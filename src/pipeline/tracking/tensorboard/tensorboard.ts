import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { makeFolders } from '../../files/folders.ts';
import type { Histogram, JournalRecord } from '../../runs/journal/records.ts';
import { drawWrongPredictions } from '../pictures.ts';
import { encodeEvent, type SummaryHistogram, type SummaryValue } from './event.ts';
import { type OpenTracker, timeOf, type TrackedRun } from '../tracker.ts';

/**
 * Event files under `tensorboard/` in the run's folder, for `tensorboard --logdir runs`: scalars `train/loss`, images of
 * wrong predictions, histograms of the parameters. A resumed run begins another file, which names the step from which
 * earlier events are void.
 */
export const openTensorboard: OpenTracker = async (run, past, live) => {
  const folder = join(run.path, 'tensorboard');
  const earlier = live ? eventFiles(folder).length : 0;
  if (!live) rmSync(folder, { recursive: true, force: true });
  makeFolders(folder);
  const startedAt = live ? Date.now() : run.startedAt;
  const seconds = String(Math.floor(startedAt / 1000)).padStart(10, '0');
  const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${earlier}`);
  writeFileSync(path, encodeEvent(startedAt / 1000, 0, { fileVersion: 'brain.Event:2' }));
  const write = async (record: JournalRecord): Promise<void> => {
    const summary = await summaryOf(run, record);
    if (summary.length === 0) return;
    appendFileSync(path, encodeEvent(timeOf(run, record) / 1000, record.step, { summary }));
  };
  // TensorBoard takes the first start of a session for no restart, so the first file needs one, too.
  const step = earlier > 0 ? past.reduce((last, one) => Math.max(last, one.step), -1) + 1 : 0;
  appendFileSync(path, encodeEvent(startedAt / 1000, step, { sessionStart: true }));
  if (earlier === 0) for (const record of past) await write(record);
  return { write };
};

function eventFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.includes('tfevents'));
  } catch {
    return [];
  }
}

async function summaryOf(run: TrackedRun, record: JournalRecord): Promise<SummaryValue[]> {
  switch (record.kind) {
    case 'train':
    case 'validation':
    case 'test':
      return Object.entries(record.metrics).map(([name, scalar]) => ({
        tag: `${record.kind}/${name}`,
        scalar,
      }));
    case 'predictions': {
      const png = await drawWrongPredictions(run, record);
      if (!png) return [];
      const { width, height } = decode(png);
      return [{ tag: 'validation/wrong predictions', image: { width, height, png } }];
    }
    case 'histograms':
      return Object.entries(record.histograms).map(([tag, one]) => ({ tag, histogram: withLimits(one) }));
    case 'end':
      return [];
  }
}

function withLimits({ min, max, counts, ...sums }: Histogram): SummaryHistogram {
  const width = (max - min) / counts.length;
  const limits = counts.map((_, at) => (at + 1 === counts.length ? max : min + (at + 1) * width));
  return { min, max, ...sums, num: counts.reduce((sum, count) => sum + count, 0), limits, counts };
}
