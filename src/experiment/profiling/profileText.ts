import { percent, table } from '../runs/text.ts';
import type { KernelRow, Profile } from './profile.ts';

const HEADER = ['kernel', 'variant', 'shape', 'calls', 'ms', 'of step', 'GFLOP/s', 'GB/s'];
/** Columns before the numbers. */
const NAMES = 3;

/** A profile for people: figures a step. */
export function profileText(profile: Profile): string {
  const { device, steps, firstStep, lastStep, milliseconds, kernels, method, unprofiled } = profile;
  const perStep = (value: number): string => (value / steps).toFixed(3);
  const sum = kernels.reduce<number | null>(
    (so, row) => (so === null || row.milliseconds === null ? null : so + row.milliseconds),
    0,
  );
  const calls = kernels.reduce((so, row) => so + row.calls, 0);
  const all = ['all', '', '', count(calls / steps), ...timeCells(sum, steps, milliseconds), '', ''];
  const rows = kernels.map((row) => cells(row, steps, milliseconds));
  return `
profile        steps ${firstStep} to ${lastStep} on ${device}; calls and milliseconds are of one step
${table(HEADER, [...rows, all], NAMES)}

a step         ${perStep(milliseconds)} ms: ${hostText(profile)}
${unprofiled ? `without        ${(unprofiled.milliseconds / unprofiled.steps).toFixed(3)} ms, of which the host makes launches for ${(unprofiled.host / unprofiled.steps).toFixed(3)} ms: the ${unprofiled.steps} steps after, not profiled\n` : ''}times          ${method}`;
}

function cells(row: KernelRow, steps: number, window: number): string[] {
  const { kernel, variant, shape, calls, flops, bytes, milliseconds } = row;
  const rate = (amount: number): string =>
    milliseconds === null || milliseconds === 0 ? '–' : ((amount * calls) / milliseconds / 1e6).toFixed(2);
  return [
    kernel,
    variant,
    shape,
    count(calls / steps),
    ...timeCells(milliseconds, steps, window),
    rate(flops),
    rate(bytes),
  ];
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
    submit: 'submits',
    wait: 'waits for the device',
    kernels: 'runs kernels',
    other: 'does other things',
  };
  const parts = (Object.keys(names) as (keyof typeof names)[])
    .filter((key) => host[key] > 0)
    .map(
      (key) => `${names[key]} ${(host[key] / steps).toFixed(3)} ms (${percent(host[key] / milliseconds)})`,
    );
  return `the host ${parts.join(', ')}`;
}
