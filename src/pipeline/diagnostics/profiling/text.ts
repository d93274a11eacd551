import type { Peaks } from './roof.ts';
import { percent } from '../../text/numbers.ts';
import { table } from '../../text/table.ts';
import type { KernelRow, Profile } from './profile.ts';

const HEADER = 'kernel|variant|shape|calls|ms|of step|median µs|GFLOP/s|GB/s|of roof|bound by'.split('|');
/** Columns before the numbers. */
const NAMES = 3;

/** A profile for people: figures a step, and a launch's rates by its median time. */
export function profileText(profile: Profile): string {
  const { device, firstStep, lastStep, kernels, method, peaks } = profile;
  const rows = kernels.map((row) => cells(row, profile));
  const lines = [
    `profile        steps ${firstStep} to ${lastStep} on ${device}; calls and ms are of one step, rates of the median call`,
    table(HEADER, [...rows, totalCells(profile)], NAMES),
    '',
    `a step         ${hostText(profile)}`,
    ...unprofiledText(profile),
    `times          ${method}`,
    `roof           ${peaks ? peaksText(peaks) : 'no peaks are measured on this device'}`,
  ];
  return `\n${lines.join('\n')}`;
}

function cells(row: KernelRow, { steps, milliseconds: window }: Profile): string[] {
  const { kernel, variant, shape, calls, flops, bytes, milliseconds, median, roof } = row;
  const rate = (amount: number): string => (median ? (amount / median / 1e6).toFixed(2) : '–');
  return [
    kernel,
    variant,
    shape,
    count(calls / steps),
    ...timeCells(milliseconds, steps, window),
    median === null ? '–' : (1000 * median).toFixed(1),
    rate(flops),
    rate(bytes),
    roof && median ? percent((1000 * roof.seconds) / median) : '–',
    roof?.bound ?? '–',
  ];
}

function totalCells({ kernels, steps, milliseconds: window }: Profile): string[] {
  const timed = kernels.every(({ milliseconds }) => milliseconds !== null);
  const sum = kernels.reduce((so, { milliseconds }) => so + (milliseconds ?? 0), 0);
  const calls = kernels.reduce((so, row) => so + row.calls, 0);
  return ['all', '', '', count(calls / steps), ...timeCells(timed ? sum : null, steps, window)];
}

function timeCells(milliseconds: number | null, steps: number, window: number): string[] {
  if (milliseconds === null) return ['–', '–'];
  return [(milliseconds / steps).toFixed(3), percent(milliseconds / window)];
}

function count(calls: number): string {
  return Number.isInteger(calls) ? String(calls) : calls.toFixed(2);
}

function hostText({ host, steps, milliseconds }: Profile): string {
  const names = {
    encode: 'makes launches',
    submit: 'submits them',
    wait: 'waits for the device',
    kernels: 'runs kernels',
    other: 'does the rest',
  };
  const parts = (Object.keys(names) as (keyof typeof names)[])
    .filter((key) => host[key] > 0)
    .map((key) => `${names[key]} ${perStep(host[key], steps)} (${percent(host[key] / milliseconds)})`);
  return `${perStep(milliseconds, steps)}, in which the host ${parts.join(', ')}`;
}

function unprofiledText({ unprofiled, host }: Profile): string[] {
  if (!unprofiled) return [];
  const { steps, milliseconds } = unprofiled;
  // On the CPU backend, making launches is running them.
  const making = `, in which the host makes and submits launches for ${perStep(unprofiled.host, steps)}`;
  return [
    `not profiled   ${perStep(milliseconds, steps)}${host.kernels > 0 ? '' : making}: the ${steps} steps after`,
  ];
}

function perStep(milliseconds: number, steps: number): string {
  return `${(milliseconds / steps).toFixed(3)} ms`;
}

function peaksText({ flops, bandwidths, launch }: Peaks): string {
  const traffic = bandwidths.map(
    ({ bytes, bytesPerSecond }) => `${(bytesPerSecond / 1e9).toFixed(1)} GB/s over ${bytes / 2 ** 20} MiB`,
  );
  return (
    `the longest of: arithmetic at ${(flops / 1e9).toFixed(1)} GFLOP/s; traffic at ${traffic.join(', ')}; an empty launch, ` +
    `${(1e6 * launch).toFixed(1)} µs. Measured after the training`
  );
}
