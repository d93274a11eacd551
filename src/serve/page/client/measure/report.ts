import { markdownTable } from '../../../../pipeline/text/table.ts';
import { BENCHMARKS, figuresOf, namesOf } from '../benchmarks.ts';

/** What was measured on a device. */
export interface Column {
  /** `WebGPU` or `CPU`. */
  readonly title: string;
  /** The device, or why there is none; undefined until it is known. */
  device: string | undefined;
  /** Milliseconds of each benchmark; undefined where it was not measured. */
  readonly times: (number | undefined)[];
}

/** Names and values that say what the figures depend on. */
export type Facts = readonly (readonly [string, string])[];

/** The result as Markdown: a table, and the facts below it. */
export function markdownOf(columns: readonly Column[], facts: Facts): string {
  const rows = BENCHMARKS.map((benchmark, at) => {
    const { title, detail } = namesOf(benchmark);
    const cells = columns.map(({ times }) =>
      times[at] === undefined ? '–' : figuresOf(benchmark, times[at]).join(', '),
    );
    return [`${title}, ${detail}`, ...cells];
  });
  const table = markdownTable(['Benchmark', ...columns.map(({ title }) => title)], rows);
  return [table, '', ...facts.map(([name, value]) => `- ${name}: ${value}`), ''].join('\n');
}
