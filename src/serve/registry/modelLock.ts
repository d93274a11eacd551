import { setTimeout as pause } from 'node:timers/promises';
import { LockedError, lockFolder } from '../../pipeline/files/lock.ts';

/** Milliseconds between tries, and in total. */
const PAUSE = 20;
const PATIENCE = 30_000;

/**
 * Runs `body` while no other process changes the versions and aliases of a model. Readers need no lock: every change is
 * one rename.
 *
 * @param model the model's folder
 * @throws LockedError if another process works on the model for half a minute
 */
export async function withModel<T>(model: string, body: () => Promise<T>): Promise<T> {
  const unlock = await lock(model, performance.now() + PATIENCE);
  try {
    return await body();
  } finally {
    await unlock();
  }
}

async function lock(model: string, end: number): ReturnType<typeof lockFolder> {
  for (;;) {
    try {
      return await lockFolder(model);
    } catch (error) {
      if (!(error instanceof LockedError) || performance.now() > end) throw error;
      await pause(PAUSE);
    }
  }
}
