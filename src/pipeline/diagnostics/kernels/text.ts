import type { KernelCheck } from './compile.ts';
import type { KernelMessage } from './messages.ts';
import type { KernelListing } from './listing.ts';
import type { KernelTarget } from './target.ts';
import type { KnobValues } from './variants.ts';

/** Messages about one kernel that are printed; the rest is counted. */
const MOST_MESSAGES = 10;

/** One line about the device, for the top of a report. */
export function formatTarget({ device, description, limits, immediateLimit }: KernelTarget): string {
  const { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupStorageSize: memory } = limits;
  const has = `workgroups of up to ${most} invocations and ${memory} bytes, ${immediateLimit} bytes of immediates`;
  if (device) return `device  ${description}: ${has}`;
  return `device  none, so kernels are only read, not compiled, against what WebGPU guarantees: ${has}\n        ${description.replaceAll('\n', '\n        ')}`;
}

/** A kernel's signature as a block of lines. */
export function formatListing(kernel: KernelListing): string {
  const { workgroupSize, workgroupVariables, params, paramsSize } = kernel;
  const memory = workgroupVariables.map(({ name, type }) => `${name}: ${type}`).join('; ');
  const lines: [string, string[]][] = [
    ['entry', [`${kernel.entryPoint}, @workgroup_size(${workgroupSize})`]],
    ['memory', memory === '' ? [] : [memory]],
    ['buffers', kernel.buffers.map(({ name, access, element }) => `${name} ${access} ${element}`)],
    ['params', params.map(({ name, type }) => `${name} ${type}`)],
    ['overrides', kernel.overrides.map((each) => `${each.name} ${each.type} = ${each.default}`)],
    ['tiles', kernel.tiles.map((each) => `${each.name} = ${each.default}`)],
    ['aliases', kernel.aliases.map((each) => `${each.name} = ${each.default}`)],
    ['codes', Object.entries(kernel.codes).map(([name, code]) => `${name} ${code}`)],
    ['enables', kernel.features],
    ['variants', [String(kernel.variants)]],
    ['problems', kernel.problems],
  ];
  const text = lines.flatMap(([label, items]) => {
    if (items.length === 0) return [];
    const head = label === 'params' ? `${paramsSize} bytes by ${kernel.paramsBy}: ` : '';
    return [`  ${label.padEnd(10)} ${head}${items.join(label === 'problems' ? '; ' : ', ')}`];
  });
  return [`${kernel.name}: ${kernel.title}`, ...text].join('\n');
}

/** The last line of a list. */
export function formatTotals(kernels: readonly KernelListing[], { device }: KernelTarget): string {
  const variants = kernels.reduce((sum, kernel) => sum + kernel.variants, 0);
  const bad = kernels.filter(({ problems }) => problems.length > 0).map(({ name }) => name);
  const fit = device ? 'this device' : "WebGPU's guaranteed limits";
  const verdict = bad.length === 0 ? `all fit ${fit}` : `${bad.join(', ')} do not fit ${fit}`;
  return `${counted(kernels.length, 'kernel')}, ${counted(variants, 'variant')}; ${verdict}`;
}

/** What compiling a kernel has brought: a line, and the messages below it. */
export function formatCheck({ kernel, variants, compiled, skipped, messages }: KernelCheck): string {
  const failed = messages.some(({ severity }) => severity === 'error');
  const outcome = skipped
    ? `read only: ${skipped}`
    : compiled === variants
      ? `${counted(variants, 'variant')} compiled`
      : `${compiled} of ${counted(variants, 'variant')} compiled`;
  const lines = messages.slice(0, MOST_MESSAGES).map(formatMessage);
  const more = messages.length - lines.length;
  return [
    `${failed ? 'fail' : 'ok  '}  ${kernel.padEnd(20)} ${outcome}`,
    ...lines,
    ...(more > 0 ? [`        and ${counted(more, 'further message')}`] : []),
  ].join('\n');
}

function formatMessage({ severity, place, text, variants, example }: KernelMessage): string {
  const which = Object.keys(example).length === 0 ? '' : ` [${formatSettings(example)}]`;
  const others = variants > 1 ? ` and in ${counted(variants - 1, 'other variant')}` : '';
  const indented = text.replaceAll('\n', '\n          ');
  return `        ${place}: ${severity}: ${indented}${which}${which && others}`;
}

/** `RANK=2 OPERATION=3`, as the command line takes it. */
export function formatSettings(settings: KnobValues): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
