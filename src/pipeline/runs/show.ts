import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMetrics } from './journal/records.ts';
import type { RunFacts } from './facts.ts';
import { resultOf, resultText } from './list.ts';
import { duration } from '../text/numbers.ts';
import { cell, table } from '../text/table.ts';

/** Everything that is known of a run. */
export async function showText(run: RunFacts): Promise<string> {
  const section = (title: string, text: string): string => (text ? `\n${title}\n${text}\n` : '');
  const pairs = (values: Readonly<Record<string, unknown>>): string =>
    Object.entries(values)
      .map(([key, value]) => `  ${key}: ${cell(value)}`)
      .join('\n');
  return [
    `${run.id}: ${run.status}, ${resultText(run)} on ${resultOf(run) ?? 'nothing yet'}, ` +
      `${run.epochs} epochs, ${duration(run.seconds)}, ${run.device ?? 'device unknown'}\n`,
    ...(run.tags.length > 0 ? [`tags: ${run.tags.join(' ')}\n`] : []),
    ...(run.notes === '' ? [] : [`notes: ${run.notes}\n`]),
    ...run.faults.map((fault) => `warning: ${fault}\n`),
    section('summary', pairs(run.summary)),
    section('validation and test', metricsTable(run)),
    section('configuration', pairs(run.configuration)),
    section('environment', pairs(run.environment)),
    section('files', await files(run.path)),
  ].join('');
}

function metricsTable({ records }: RunFacts): string {
  const shown = records.filter(isMetrics).filter(({ kind }) => kind !== 'train');
  if (shown.length === 0) return '';
  const names = [...new Set(shown.flatMap(({ metrics }) => Object.keys(metrics)))];
  const rows = shown.map(({ kind, epoch, step, metrics }) => [
    `  ${kind}`,
    String(epoch),
    String(step),
    ...names.map((name) => metrics[name]?.toFixed(4) ?? '–'),
  ]);
  return table(['  data', 'epoch', 'step', ...names], rows);
}

async function files(path: string): Promise<string> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const lines = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map(async (file) => [`  ${file}`, `${(await stat(file)).size} bytes`]);
  return table(['  name', 'size'], await Promise.all(lines));
}
