/** What went wrong in a worker. */
export function workerError({ message }: ErrorEvent): Error {
  // Where the script does not load, the event has no message, whatever its type says.
  return new Error(message || 'The worker does not start.');
}
