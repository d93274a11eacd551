import type { FirstStep } from './node/firstStep.ts';
import type { Measurement } from './rounds.ts';
import type { BenchResult, Participant, WorkloadResult } from './results.ts';

/** Whose time the others' are divided by: the better one of wgrad's own. */
export function ourBest(measurements: readonly Measurement[]): Measurement | undefined {
  return best(measurements, (name) => name.startsWith('wgrad-'));
}

/** The fastest of those that count. */
export function best(
  measurements: readonly Measurement[],
  admit: (contender: string) => boolean,
): Measurement | undefined {
  return measurements
    .filter(
      ({ contender, milliseconds, failure }) => milliseconds && failure === undefined && admit(contender),
    )
    .sort((left, right) => left.milliseconds!.median - right.milliseconds!.median)[0];
}

/** A workload as lines of text: a contender a line, with its time, spread, rate, launches, and ratio to wgrad. */
export function workloadTable(result: WorkloadResult, participants: readonly Participant[]): string[] {
  const { workload, flops, measurements } = result;
  const labels = new Map(participants.map(({ name, label }) => [name, label]));
  const ours = ourBest(measurements);
  const rows = measurements.map((measurement) => {
    const { contender, milliseconds, counts, failure } = measurement;
    const label = labels.get(contender) ?? contender;
    if (!milliseconds || failure !== undefined) return [label, `does not count: ${failure ?? 'no samples'}`];
    const { median, min, max } = milliseconds;
    const rate =
      workload.kind === 'training'
        ? samplesPerSecond(median, workload.batch)
        : workload.kind === 'evaluation'
          ? samplesPerSecond(median, workload.batch * workload.batches)
          : gigaflops(median, flops);
    return [
      label,
      time(median),
      `${time(min)} – ${time(max)}`,
      rate,
      counts ? `${count(counts.dispatches)} / ${count(counts.submits)}` : '',
      ours?.milliseconds ? ratio(median / ours.milliseconds.median) : '',
    ];
  });
  const head = ['', 'median', 'spread', 'rate', 'dispatches / submits', 'time ÷ wgrad’s best'];
  return [workload.name, ...columns([head, ...rows])];
}

/** Times to the first step, a start a line. */
export function firstStepTable(steps: readonly FirstStep[], participants: readonly Participant[]): string[] {
  if (steps.length === 0) return [];
  const labels = new Map(participants.map(({ name, label }) => [name, label]));
  const rows = steps.map(({ contender, cache, workload, milliseconds, peakBytes, failure }) => {
    const label = labels.get(contender) ?? contender;
    if (!milliseconds) return [label, `${workload}, ${cache}`, `failed: ${failure ?? ''}`];
    const { median, min, max } = milliseconds;
    const memory = peakBytes === undefined ? '' : `${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
    return [label, `${workload}, ${cache}`, time(median), `${time(min)} – ${time(max)}`, memory];
  });
  const head = ['', 'shader cache', 'median', 'spread', 'peak memory'];
  return ['From the start of a process to its first result, and memory', ...columns([head, ...rows])];
}

/** wgrad's own, and what each is compared with: one thread with one thread. */
const OWN = [
  { name: 'wgrad-webgpu', rivals: /-webgpu$/ },
  { name: 'wgrad-cpu', rivals: /^(?!.*-webgpu$)/ },
  { name: 'wgrad-cpu-1', rivals: /^(?!.*-(webgpu|threads)$)/ },
] as const;

/** How wgrad stands to the best other: the figures that the project aims at. */
export function verdictTable({
  results,
  participants,
}: Pick<BenchResult, 'results' | 'participants'>): string[] {
  const labels = new Map(participants.map(({ name, label }) => [name, label]));
  const rows = results.flatMap(({ workload, measurements }) =>
    OWN.flatMap(({ name, rivals }) => {
      const own = best(measurements, (contender) => contender === name);
      const rival = best(
        measurements,
        (contender) => !contender.startsWith('wgrad-') && rivals.test(contender),
      );
      if (!own?.milliseconds || !rival?.milliseconds) return [];
      const times = rival.milliseconds.median / own.milliseconds.median;
      return [
        [
          workload.name,
          labels.get(name) ?? name,
          ratio(times),
          labels.get(rival.contender) ?? rival.contender,
        ],
      ];
    }),
  );
  if (rows.length === 0) return [];
  const head = ['', '', 'times as fast as', 'the best other of its kind'];
  return ['wgrad beside the best other: on WebGPU, and on the CPU', ...columns([head, ...rows])];
}

/** Rows with aligned columns: the first to the left, the others to the right; a row may end early, and then runs on. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const full = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: full }, (_, column) =>
    Math.max(...rows.filter((row) => row.length === full).map((row) => row[column]!.length), 0),
  );
  widths[0] = Math.max(...rows.map((row) => row[0]!.length));
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 || row.length < full ? cell.padEnd(column === 0 ? widths[0]! : 0) : cell.padStart(widths[column]!))).join('  ')}`.trimEnd(),
  );
}

function time(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toPrecision(3)} s`;
  if (milliseconds >= 1) return `${milliseconds.toPrecision(3)} ms`;
  return `${(milliseconds * 1000).toPrecision(3)} µs`;
}

function gigaflops(milliseconds: number, flops: number | undefined): string {
  return flops === undefined ? '' : `${(flops / milliseconds / 1e6).toFixed(1)} GFLOP/s`;
}

function samplesPerSecond(milliseconds: number, batch: number): string {
  return `${Math.round((1000 * batch) / milliseconds).toLocaleString('en')} samples/s`;
}

function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ×`;
}

function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
