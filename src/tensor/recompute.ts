let running = false;

/** Whether a function runs for the second time, so that its side effects are done: see `checkpoint`. */
export function isRecomputing(): boolean {
  return running;
}

/** Runs `body` as a second time. */
export function recomputing<T>(body: () => T): T {
  const outer = running;
  running = true;
  try {
    return body();
  } finally {
    running = outer;
  }
}
