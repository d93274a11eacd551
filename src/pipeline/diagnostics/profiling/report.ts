import { join } from 'node:path';
import type { Backend } from '../../../backend/backend.ts';
import { writeFileAtomic } from '../../files/atomicFile.ts';
import { writeJson } from '../../files/json.ts';
import { deviceText } from '../../runs/environment.ts';
import { peaksOf } from './peaks.ts';
import { profileOf } from './profile.ts';
import { profileText } from './text.ts';
import { EPOCH_WARM_UP, type StepProfiler, WARM_UP } from './stepProfiler.ts';
import { traceOf } from './trace.ts';

/**
 * Prints the profile, and writes `profile.json` and `trace.json`.
 *
 * @throws FileError where they cannot be written; what ended the profile, if something did
 */
export async function reportProfile(profiler: StepProfiler, device: Backend, folder: string): Promise<void> {
  const window = profiler.result;
  if (!window) {
    console.log(`\n${tooShort(profiler.taken)}`);
    return;
  }
  const trace = join(folder, 'trace.json');
  await writeFileAtomic(trace, `${JSON.stringify(traceOf(window, deviceText(device)))}\n`);
  const profile = profileOf(window, device, await peaksOf(device));
  const path = join(folder, 'profile.json');
  await writeJson(path, profile);
  console.log(profileText(profile));
  console.log(
    `files          ${path}, ${trace} (open it at https://ui.perfetto.dev, or in chrome://tracing)`,
  );
}

function tooShort(taken: number): string {
  return (
    `profile        no step was profiled: profiling begins after ${WARM_UP} steps, and ${EPOCH_WARM_UP} steps into an epoch; ` +
    `this process took ${taken}. Train for more epochs, or with a smaller train.batchSize.`
  );
}
