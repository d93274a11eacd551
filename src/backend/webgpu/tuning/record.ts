import { z } from 'zod';
import { isCandidate } from './candidates.ts';
import { type Choice, isTuned, kernelsOf, traitsOf } from './choice.ts';
import { type AdapterIdentity, IDENTITY, identityOf, kernelsHash } from './identity.ts';
import type { AdapterInfo, Measured, Tuning } from './tuning.ts';

/** Choices as a file holds them: the tuner's, or a run's. */
export interface TuningRecord {
  readonly format: 'wgrad tuning 1';
  readonly adapter: AdapterIdentity;
  /** SHA-256 of the kernels that are chosen from. */
  readonly kernels: string;
  /** By class of shapes; none where the built-in rules hold throughout. */
  readonly choices: Readonly<Record<string, { readonly kernel: string; readonly tile: Choice['tile'] }>>;
}

const text = z.string().max(1000);

const recordSchema = z.object({
  format: z.literal('wgrad tuning 1'),
  adapter: z.object({ vendor: text, architecture: text, device: text, description: text }),
  kernels: z.string().regex(/^[0-9a-f]{64}$/),
  choices: z
    .record(
      z.string().max(200),
      z.object({
        kernel: z.string().max(100),
        tile: z.record(z.string().max(100), z.int().min(1).max(4096)),
      }),
    )
    .refine((choices) => Object.keys(choices).length <= 4096, 'at most 4096 choices'),
});

/** What a device's launches take, to be kept in a file. */
export function recordOf({ info, measured }: Tuning): TuningRecord {
  const choices = [...measured].map(([name, { kernel, tile }]) => [name, { kernel, tile }] as const);
  return {
    format: 'wgrad tuning 1',
    adapter: identityOf(info),
    kernels: kernelsHash(),
    choices: Object.fromEntries(choices),
  };
}

/** The choices that a record holds, or why it does not fit this adapter and these kernels. */
export function choicesIn(record: unknown, info: AdapterInfo): { measured: Measured } | { problem: string } {
  const result = recordSchema.safeParse(record);
  if (!result.success) {
    const [issue] = result.error.issues;
    return { problem: `is no record of a tuning, at '${issue!.path.join('.')}': ${issue!.message}` };
  }
  const { adapter, kernels, choices } = result.data;
  const own = identityOf(info);
  const other = IDENTITY.find((key) => adapter[key] !== own[key]);
  if (other) {
    return { problem: `is of another adapter or driver: ${other} '${adapter[other]}', here '${own[other]}'` };
  }
  if (kernels !== kernelsHash()) return { problem: 'is of other versions of the kernels' };
  const traits = traitsOf(info);
  for (const [name, choice] of Object.entries(choices)) {
    const [operation] = name.split(' ') as [keyof typeof kernelsOf];
    if (!isTuned(operation) || !isCandidate(operation, choice, traits)) {
      return { problem: `chooses what is no choice here: ${name}: ${choice.kernel}` };
    }
  }
  return { measured: new Map(Object.entries(choices) as [string, Choice][]) };
}
