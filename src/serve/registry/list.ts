import { join } from 'node:path';
import { percent } from '../../pipeline/text/numbers.ts';
import { readAliases } from './aliases.ts';
import type { ModelMetrics, ModelRecord } from './modelRecord.ts';
import { modelNames, modelVersions, readRecord } from './reference.ts';

/** One version of a model, for lists. */
export interface ListedModel {
  readonly name: string;
  readonly version: number;
  /** Those that point to it. */
  readonly aliases: readonly string[];
  readonly run: string;
  readonly metrics: ModelMetrics;
}

/** All versions of all models; their checksums are not verified. */
export async function listModels(root: string): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  for (const name of await modelNames(root)) {
    const aliases = await readAliases(join(root, name));
    for (const version of await modelVersions(root, name)) {
      const { metrics, run } = await readRecord(join(root, name, String(version)));
      const names = [...aliases].filter(([, alias]) => alias.version === version).map(([alias]) => alias);
      models.push({ name, version, aliases: names, run, metrics });
    }
  }
  return models;
}

/** A line a version. */
export function modelsText(models: readonly ListedModel[]): string {
  return models
    .map(({ name, version, aliases, run, metrics }) => {
      const accuracy = metrics.accuracy === null ? '' : `accuracy ${percent(metrics.accuracy)}`;
      return `${`${name}/${version}`.padEnd(16)}  ${accuracy.padEnd(18)}  ${aliases.join(', ').padEnd(18)}  ${run}`;
    })
    .join('\n');
}

/** How a version compares with the one before it. */
export function comparisonText(before: ModelRecord, after: ModelRecord): string {
  const accuracy = ({ metrics }: ModelRecord): string =>
    metrics.accuracy === null ? 'not measured' : percent(metrics.accuracy);
  return `version ${before.version}, accuracy ${accuracy(before)}; now ${accuracy(after)}`;
}
