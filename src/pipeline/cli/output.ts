/** What became of the output of a command. */
export interface Output {
  /** Whether standard output could not be written, and somebody may still wait for it: a full disk, a closed terminal. */
  readonly isLost: boolean;
}

/**
 * Keeps a command at work where its output cannot be written: a training is worth more than the lines that it prints.
 * A reader that has read enough (`… | head`) is no fault.
 */
export function keepPrinting(): Output {
  return (kept ??= keep());
}

/** The streams are the process's own: one watch is enough for all commands that run in it. */
let kept: Output | undefined;

function keep(): Output {
  const output = { isLost: false };
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || output.isLost) return;
    output.isLost = true;
    // The error may come after the command has ended.
    process.exitCode ||= 1;
    process.stderr.write(`cannot write to standard output: ${message}\n`);
  });
  return output;
}
