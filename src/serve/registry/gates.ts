import { z } from 'zod';
import { readYamlFile } from '../../pipeline/config/file.ts';
import { type Shape } from '../../pipeline/config/parts.ts';
import { shellWord } from '../../pipeline/text/shellWord.ts';
import { RegistryError } from './modelFolder.ts';
import type { ModelMetrics } from './modelRecord.ts';

/** A bound on one metric, inclusive. */
export interface Gate {
  readonly metric: keyof ModelMetrics;
  readonly min?: number;
  readonly max?: number;
}

/** Whether a model passes a gate, with an explanation. */
export interface Verdict {
  readonly passed: boolean;
  readonly text: string;
}

const metrics = [
  'accuracy',
  'loss',
  'top2',
  'ece',
  'meanCorruptionError',
  'sizeBytes',
  'parameterCount',
] as const;

const gate = z
  .strictObject({
    metric: z.enum(metrics),
    min: z.number().exactOptional(),
    max: z.number().exactOptional(),
  } satisfies Shape<Gate>)
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'takes min, max or both');

const gatesSchema = z.strictObject({ gates: z.array(gate).min(1) });

/**
 * Reads the gates from YAML.
 *
 * @throws ConfigurationError if the file is not YAML; RegistryError if it contains anything but gates
 * @example readGates('configs/gates.yaml') // [{ metric: 'accuracy', min: 0.8 }, …]
 */
export function readGates(path: string): Gate[] {
  const { value, locate } = readYamlFile(path);
  const result = gatesSchema.safeParse(value);
  if (result.success) return result.data.gates;
  const issue = result.error.issues[0]!;
  const place = locate(issue.path.map(String)) ?? path;
  throw new RegistryError(`${place}: ${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`);
}

/** Checks a model against each gate. `run` is named if a measurement is missing. */
export function judge(gates: readonly Gate[], measured: ModelMetrics, run: string): Verdict[] {
  return gates.map(({ metric, min, max }) => {
    const bounds = [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`];
    const takes = bounds.filter(Boolean).join(' and ');
    const value = measured[metric];
    if (value === null) {
      const flag = metric === 'meanCorruptionError' ? ' --robustness' : '';
      return {
        passed: false,
        text: `${metric}: takes ${takes}, not measured yet: npx tsx src/evaluate.ts ${shellWord(run)}${flag}`,
      };
    }
    const passed = (min === undefined || value >= min) && (max === undefined || value <= max);
    return { passed, text: `${metric}: takes ${takes}, got ${Number(value.toPrecision(6))}` };
  });
}
