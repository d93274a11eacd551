import { CaptureError } from './errors.ts';

/** A number in a recorded launch that every replay takes anew. */
export class Live {
  value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A parameter that may change from one replay to the next: made by `live`. */
export type Varying = number | Live;

/** Something on the host that a recording rests on: when it reads otherwise, the recording does not fit any more. */
interface Guard {
  readonly read: () => unknown;
  readonly value: unknown;
}

/** What a captured step does on the host, and what it must not do. */
export interface Recorder {
  live(read: () => number): Varying;
  effect(act: () => void): void;
  guard(read: () => unknown): void;
  /** Throws the error, here and again at the step's end, unless the step is merely run once more. */
  refuse(error: CaptureError): void;
}

let current: Recorder | undefined;

/** The recorder of the step that is being captured, if one is. */
export function activeRecorder(): Recorder | undefined {
  return current;
}

/** Runs `body` with a recorder, or with none. */
export function withRecorder<T>(recorder: Recorder | undefined, body: () => T): T {
  const outer = current;
  current = recorder;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/**
 * A number that changes from step to step, such as a learning rate or a place in an epoch. In a captured step it is
 * asked for anew at every replay; otherwise it is the plain number. It goes into a launch's parameters as it is.
 */
export function live(read: () => number): Varying {
  return current ? current.live(read) : read();
}

/** Does something on the host now, and again whenever the captured step that it is part of is replayed. */
export function effect(act: () => void): void {
  if (current) current.effect(act);
  else act();
}

/** Says that the launches which follow rest on a host value: with another one, a captured step is recorded anew. */
export function guard(read: () => unknown): void {
  current?.guard(read);
}

/**
 * Runs `body` as no part of a captured step, nor of what computes nothing: its launches run once, and what it makes may
 * outlive both. For what is made once and kept, such as an optimizer's state.
 */
export function outsideCapture<T>(body: () => T): T {
  return withRecorder(undefined, () => withComputing(true, body));
}

/**
 * Throws CaptureError within a captured step: what is about to happen would take place once, not at every replay.
 *
 * @param what the call, such as `item()`
 */
export function refuseInCapture(what: string, remedy: string): void {
  current?.refuse(
    new CaptureError(
      `capture: ${what} inside a captured step would be frozen: it would happen once, and every replay would go on ` +
        `with what it gave then. ${remedy}`,
    ),
  );
}

let computing = true;

/** Whether launches are to be made: see `withoutComputing`. */
export function isComputing(): boolean {
  return computing;
}

/** Runs `body` for its shapes alone: devices leave out its launches, and what these would fill stays undefined. */
export function withoutComputing<T>(body: () => T): T {
  return withComputing(false, body);
}

function withComputing<T>(wanted: boolean, body: () => T): T {
  const outer = computing;
  computing = wanted;
  try {
    return body();
  } finally {
    computing = outer;
  }
}

/** The recorder of a recording: it keeps what the host has to do again. */
export class HostTrace implements Recorder {
  readonly #cells: Live[] = [];
  readonly #acts: (() => void)[] = [];
  readonly #guards: Guard[] = [];
  #refusal: CaptureError | undefined;

  live(read: () => number): Live {
    const cell = new Live(read());
    this.#cells.push(cell);
    this.#acts.push(() => (cell.value = read()));
    return cell;
  }

  effect(act: () => void): void {
    act();
    this.#acts.push(act);
  }

  guard(read: () => unknown): void {
    this.#guards.push({ read, value: read() });
  }

  /** Adds a guard whose value was read earlier. */
  guardValue(read: () => unknown, value: unknown): void {
    this.#guards.push({ read, value });
  }

  refuse(error: CaptureError): never {
    this.#refusal ??= error;
    throw error;
  }

  /** Throws what was refused, should the step have caught it. */
  check(): void {
    if (this.#refusal) throw this.#refusal;
  }

  /** Whether all that the recording rests on is as it was. */
  fits(): boolean {
    return this.#guards.every(({ read, value }) => read() === value);
  }

  /** Does again what the host does in a step. */
  refresh(): void {
    for (const act of this.#acts) act();
  }

  /** A recorder for running the step itself once more, with the numbers of the last replay and none of its effects. */
  rerun(): Recorder {
    let next = 0;
    return {
      live: (read) => this.#cells[next++]?.value ?? read(),
      effect: () => undefined,
      guard: () => undefined,
      refuse: () => undefined,
    };
  }
}
