import { readFile, writeFile } from 'node:fs/promises';

/** Figures by name. */
type Figures = Readonly<Record<string, number>>;

export interface StepCounts {
  /** Of one step in steady state. */
  readonly step: Figures;
  /** Since the device was opened. */
  readonly total: Figures;
}

/** By network. */
export type AdapterCounts = Readonly<Record<string, StepCounts>>;

/** The committed figures, by adapter. */
export type Baseline = Readonly<Record<string, AdapterCounts>>;

/** A figure that is not what it was. */
export interface Change {
  readonly network: string;
  readonly figure: string;
  readonly before: number;
  readonly now: number;
}

/** All figures that changed; those that are new count from 0. */
export function changesOf(before: AdapterCounts, now: AdapterCounts): Change[] {
  return Object.entries(now).flatMap(([network, counts]) =>
    (['step', 'total'] as const).flatMap((part) =>
      Object.entries(counts[part]).flatMap(([name, value]) => {
        const earlier = before[network]?.[part][name] ?? 0;
        const figure = part === 'step' ? `${name} a step` : name;
        // Shares of a step are quotients.
        return Math.abs(value - earlier) < 1e-9 ? [] : [{ network, figure, before: earlier, now: value }];
      }),
    ),
  );
}

/** What a check has to say, and whether it passes: no figure may grow. */
export function checkCounts(
  adapter: string,
  baseline: Baseline,
  now: AdapterCounts,
): { readonly passes: boolean; readonly lines: string[] } {
  const before = baseline[adapter];
  if (!before) {
    return {
      passes: true,
      lines: [`no figures of an adapter '${adapter}' are committed: nothing was compared`],
    };
  }
  const changes = changesOf(before, now);
  const line = ({ network, figure, before: earlier, now: value }: Change): string =>
    `${network}: ${figure} ${value > earlier ? 'grew' : 'fell'} from ${earlier} to ${value}`;
  const grown = changes.some((change) => change.now > change.before);
  return {
    passes: !grown,
    lines: [
      ...changes.map(line),
      changes.length === 0
        ? 'all figures are those of the committed baseline'
        : 'npm run bench -- --counts writes the present figures to bench/counts.json, where they are meant',
    ],
  };
}

/** The committed figures; none where there is no file yet. */
export async function readBaseline(file: string): Promise<Baseline> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Baseline;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  await writeFile(file, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** The figures as lines of text. */
export function countsTable(counts: AdapterCounts): string[] {
  return Object.entries(counts).flatMap(([network, { step, total }]) => [
    `${network.toUpperCase()}, one step: ${figuresText(step)}`,
    `${' '.repeat(network.length)}  in all: ${figuresText(total)}`,
  ]);
}

function figuresText(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : value.toFixed(2)}`)
    .join(', ');
}
