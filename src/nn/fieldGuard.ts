import { activeRecorder, type Recorder } from '../backend/recorder.ts';
import { isLiteral } from '../tensor/arguments.ts';

/**
 * Guards the public fields of a module in a captured step, and those of the modules below it: numbers, tensors and
 * modules, also in arrays, maps and plain objects. If one is replaced, the step is recorded again.
 */
export function guardFields(module: object): void {
  const recorder = activeRecorder();
  if (recorder) guardEntries(recorder, module, Object.entries(module));
}

function guardEntries(recorder: Recorder, holder: object, entries: (readonly [unknown, unknown])[]): void {
  if (!recorder.meets(holder)) return;
  const present = fieldOf(holder);
  const size = sizeOf(holder);
  recorder.guard(() => sizeOf(holder) === size && entries.every(([key, value]) => present(key) === value));
  for (const [, value] of entries) if (typeof value === 'object' && value) guardInside(recorder, value);
}

function guardInside(recorder: Recorder, value: object): void {
  if (value instanceof Map || value instanceof Set) guardEntries(recorder, value, [...value.entries()]);
  else if (isModule(value) || Array.isArray(value) || isLiteral(value)) {
    guardEntries(recorder, value, Object.entries(value));
  }
}

/** Looks up an entry. The entries of a set are its elements. */
function fieldOf(holder: object): (key: unknown) => unknown {
  if (holder instanceof Map) return (key) => holder.get(key) as unknown;
  if (holder instanceof Set) return (key) => (holder.has(key) ? key : undefined);
  return (key) => (holder as Record<string, unknown>)[key as string];
}

/** The number of entries or fields. */
function sizeOf(holder: object): number {
  if (holder instanceof Map || holder instanceof Set) return holder.size;
  return Array.isArray(holder) ? holder.length : Object.keys(holder).length;
}

function isModule(value: object): boolean {
  return typeof (value as { namedChildren?: unknown }).namedChildren === 'function';
}
