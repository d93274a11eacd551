import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { writeFileAtomic } from '../atomicFile.ts';
import { summarise } from './profile.ts';
import { profileText } from './profileText.ts';
import { EPOCH_WARM_UP, type StepProfiler, WARM_UP } from './stepProfiler.ts';

/** Prints what was profiled, and writes it into the run's folder. */
export async function reportProfile(profiler: StepProfiler, device: Backend, folder: string): Promise<void> {
  const window = profiler.result;
  if (!window) {
    console.log(`\n${tooShort(profiler.taken)}`);
    return;
  }
  const profile = summarise(window, device);
  const path = join(folder, 'profile.json');
  await writeFileAtomic(path, `${JSON.stringify(profile, null, 2)}\n`);
  console.log(profileText(profile));
  console.log(`files          ${path}`);
}

function tooShort(taken: number): string {
  return (
    `profile        no step was profiled: profiling begins after ${WARM_UP} steps, ${EPOCH_WARM_UP} of them in the ` +
    `same epoch, and this process took ${taken}. Train for more epochs, or with a smaller train.batchSize.`
  );
}
