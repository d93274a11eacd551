import { join } from 'node:path';
import type { BulkJobOptions } from 'bullmq';
import { z } from 'zod';
import { WgradError } from '../../../backend/errors.ts';
import { parseConfiguration, printConfiguration } from '../../config/configuration.ts';
import { parseYaml } from '../../files/yamlValue.ts';
import { valueText } from '../../text/valueText.ts';
import { makeTrial, type Trial } from '../trial.ts';

/** What a job of the queue says of its trial. */
export interface Payload {
  readonly format: 1;
  /** The sweep that submitted it first. */
  readonly sweep: string;
  readonly id: string;
  readonly overrides: readonly string[];
  /** YAML, which holds all numbers. */
  readonly configuration: string;
  readonly versions: Trial['versions'];
}

const version = z.string().min(1).max(200);
const payloadSchema = z.strictObject({
  format: z.literal(1),
  sweep: z.string().min(1).max(200),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  overrides: z.array(z.string().max(10_000)).max(1000),
  configuration: z.string().max(2 ** 18),
  versions: z.strictObject({ data: version, code: version, init: version.optional() }),
});

/** A day: longer than a planner is away. A job that is gone is submitted again, and its result found in the store. */
export const KEEP: BulkJobOptions = {
  attempts: 1,
  stackTraceLimit: 1,
  removeOnComplete: { age: 86_400 },
  removeOnFail: { age: 7 * 86_400 },
};

/** A job that is no trial: it fails, on every machine. */
export class PayloadError extends WgradError {
  override name = 'PayloadError';
}

/** The job's id: it starts with a letter, because BullMQ takes no numbers. */
export function jobId({ id }: Pick<Trial, 'id'>): string {
  return `t${id}`;
}

export function toPayload(trial: Trial, sweep: string): Payload {
  const { id, overrides, configuration, versions } = trial;
  return {
    format: 1,
    sweep,
    id,
    overrides,
    configuration: printConfiguration(configuration),
    versions,
  };
}

/**
 * The trial of a job, with its folder below `work`.
 *
 * @throws PayloadError where the job is no trial, or its id is not that of its configuration and versions
 */
export function fromPayload(data: unknown, work: string): Trial & { readonly sweep: string } {
  const { success, data: payload, error } = payloadSchema.safeParse(data);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new PayloadError(
      `the job is no trial, at ${path.map(String).join('.') || 'its top'}: ${valueText(message)}`,
    );
  }
  const { id, overrides, versions, sweep } = payload;
  const { value, faults } = parseYaml(payload.configuration);
  if (faults[0]) throw new PayloadError(`the configuration of the job is no YAML: ${faults[0].message}`);
  const configuration = parseConfiguration(value);
  const { init, ...others } = versions;
  const trial = makeTrial(overrides, configuration, { ...others, ...(init !== undefined && { init }) });
  if (trial.id !== id) {
    throw new PayloadError(
      `the job is no trial: its id is ${id}, that of its configuration and versions is ${trial.id}`,
    );
  }
  return { ...trial, sweep, path: join(work, `trial-${id}`) };
}
