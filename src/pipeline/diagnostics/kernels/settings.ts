import { inspectKernel, type KernelFacts } from './inspection.ts';
import { kernelNames, kernelSource } from '../../../platform/node/kernels.ts';
import type { KnobValues } from './variants.ts';
import { requireKnown, UsageError } from '../../text/didYouMean.ts';

const ELEMENTS = ['f32', 'i32', 'u32', 'f16'];

/**
 * Settings of a kernel from `KEY=VALUE` words. A value may be the name of one of the kernel's codes.
 *
 * @throws UsageError for an unknown kernel, a constant that it does not have, or a value that it does not take
 * @example kernelSettings('unary', ['OPERATION=GELU', 'RANK=2']) // { OPERATION: 14, RANK: 2 }
 */
export function kernelSettings(name: string, words: readonly string[]): KnobValues {
  requireKnown('kernel', name, kernelNames());
  const facts = inspectKernel(name, kernelSource(name));
  const settings = words.map((word) => {
    const [key = '', ...value] = word.split('=');
    return [key, valueOf(facts, key, value.join('='))] as const;
  });
  return Object.fromEntries(settings);
}

function valueOf(facts: KernelFacts, key: string, value: string): number | boolean | string {
  const { overrides, tiles, aliases, codes } = facts;
  requireKnown(
    'constant',
    key,
    [...overrides, ...tiles, ...aliases].map(({ name }) => name),
  );
  if (aliases.some(({ name }) => name === key)) {
    requireKnown('element type', value, ELEMENTS);
    return value;
  }
  const override = overrides.find(({ name }) => name === key);
  if (override?.type === 'bool') {
    requireKnown('truth value', value, ['true', 'false']);
    return value === 'true';
  }
  const number = /^\d+$/.test(value) ? Number(value) : override && codes[value];
  if (number !== undefined) return number;
  throw new UsageError(
    `${key} takes a whole number${override ? ' or a code of the kernel' : ''}; got '${value}'`,
  );
}
