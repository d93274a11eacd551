import { z } from 'zod';
import type { KernelChoices } from '../../../backend/backend.ts';
import { type AdapterInfo, isTuned, traitsOf, type Tuned } from '../../../backend/webgpu/tuning/choice.ts';
import { canRun } from './candidates.ts';
import { IDENTITY, identityOf, kernelsHash } from './identity.ts';

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

export type Checked = { choices: KernelChoices } | { problem: string };

/** The choices that a record holds, or why it does not fit this adapter and these kernels. */
export function choicesIn(record: unknown, info: AdapterInfo): Checked {
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
    const [operation] = name.split(' ') as [Tuned];
    if (!isTuned(operation) || !canRun(operation, choice, traits)) {
      return { problem: `chooses what is no choice here: ${name}: ${choice.kernel}` };
    }
  }
  return { choices };
}
