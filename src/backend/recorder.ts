import { CaptureError } from './errors.ts';
import { Live, type Varying } from './live.ts';
import { unsurveyed } from './survey.ts';

export { Live, type Varying };

/** A host value that a recording depends on. If the value changes, the recording is invalid. */
interface Guard {
  readonly read: () => unknown;
  readonly value: unknown;
}

/** The host side of a captured step: what each replay repeats, and what is not allowed. */
export interface Recorder {
  live(read: () => number): Varying;
  effect(act: () => void, undo?: () => void): void;
  guard(read: () => unknown): void;
  /** Whether the step uses an object for the first time that it has not made. Its state is to be guarded then. */
  meets(object: object): boolean;
  /** Marks an object as the step's own: made or set by it. Its state is not guarded. */
  adopts(object: object): void;
  /** A value that is made once, outside the recording, and lives as long as it. */
  once<T extends Disposable>(make: () => T): T;
  /** Throws the error now and again at the end of the step, unless the step only runs once more for comparison. */
  refuse(error: CaptureError): void;
}

let current: Recorder | undefined;

/** The recorder of the step that is being captured, if any. */
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
 * A number that changes from step to step, such as a learning rate or a position in an epoch. In a captured step every
 * replay reads it again; otherwise it is a plain number. Pass it to a launch as a parameter.
 */
export function live(read: () => number): Varying {
  return current ? current.live(read) : read();
}

/** Runs host code now, and again at every replay of the captured step. `undo` takes it back if a replay fails. */
export function effect(act: () => void, undo?: () => void): void {
  if (current) current.effect(act, undo);
  else act();
}

/**
 * Declares that the following launches depend on a host value. If the value changes, the captured step is recorded
 * again.
 */
export function guard(read: () => unknown): void {
  current?.guard(read);
}

/**
 * A host value that steps read and set. A captured step guards the value that it reads first, and sets again what it
 * sets.
 */
export class HostValue<T> {
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    if (current?.meets(this)) current.guard(() => this.#value);
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    current?.adopts(this);
    current?.effect(() => (this.#value = value));
  }
}

/**
 * Runs `body` outside any capture or dry run. Its launches run once, and its results may outlive both. Use it for what
 * is created once and kept, such as an optimizer's state.
 */
export function outsideCapture<T>(body: () => T): T {
  return withRecorder(undefined, () => withComputing(true, () => unsurveyed(body)));
}

/**
 * Throws CaptureError inside a captured step, because the call would run once instead of at every replay.
 *
 * @param what the call, such as `item()`
 */
export function refuseInCapture(what: string, remedy: string): void {
  current?.refuse(
    new CaptureError(
      `capture: ${what} inside a captured step would be frozen: it would happen once, and every replay ` +
        `would use its first result. ${remedy}`,
    ),
  );
}

let computing = true;

/** Whether launches run: see `withoutComputing`. */
export function isComputing(): boolean {
  return computing;
}

/** Runs `body` as a dry run for its shapes. Devices skip its launches, and their outputs stay undefined. */
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

/** The recorder of a recording. It keeps what the host repeats. */
export class HostTrace implements Recorder {
  readonly #cells: Live[] = [];
  readonly #acts: (() => void)[] = [];
  readonly #undos: (() => void)[] = [];
  readonly #guards: Guard[] = [];
  /** Objects that the step made, set or met. */
  readonly #own = new WeakSet();
  readonly #met = new Set<object>();
  readonly #kept: Disposable[] = [];
  #refusal: CaptureError | undefined;

  live(read: () => number): Live {
    const cell = new Live(read());
    this.#cells.push(cell);
    this.#acts.push(() => (cell.value = read()));
    return cell;
  }

  effect(act: () => void, undo?: () => void): void {
    act();
    this.#acts.push(act);
    if (undo) this.#undos.push(undo);
  }

  guard(read: () => unknown): void {
    this.#guards.push({ read, value: read() });
  }

  meets(object: object): boolean {
    if (this.#own.has(object) || this.#met.has(object)) return false;
    this.#met.add(object);
    return true;
  }

  adopts(object: object): void {
    this.#own.add(object);
  }

  /** The objects from outside that the step uses. */
  get met(): Iterable<object> {
    return this.#met;
  }

  /** Whether the step made or set an object. */
  owns(object: object): boolean {
    return this.#own.has(object);
  }

  once<T extends Disposable>(make: () => T): T {
    const value = outsideCapture(make);
    this.adopts(value);
    this.#kept.push(value);
    return value;
  }

  /** Adds a guard whose value was read earlier. */
  guardValue(read: () => unknown, value: unknown): void {
    this.#guards.push({ read, value });
  }

  refuse(error: CaptureError): never {
    this.#refusal ??= error;
    throw error;
  }

  /** Throws a rejected call's error again, in case the step caught it. */
  check(): void {
    if (this.#refusal) throw this.#refusal;
  }

  /** Whether all guarded values are unchanged. */
  fits(): boolean {
    return this.#guards.every(({ read, value }) => read() === value);
  }

  /** Repeats the host's part of a step. */
  refresh(): void {
    for (const act of this.#acts) act();
  }

  /** Takes back what counts steps, after a replay whose launches failed. */
  undo(): void {
    for (const undo of this.#undos.toReversed()) undo();
  }

  /** A recorder for running the step itself once more, with the numbers of the last replay and without its effects. */
  rerun(): Recorder {
    let next = 0;
    let nextKept = 0;
    return {
      live: (read) => this.#cells[next++]?.value ?? read(),
      effect: () => undefined,
      guard: () => undefined,
      meets: () => false,
      adopts: () => undefined,
      once: () => this.#kept[nextKept++] as never,
      refuse: () => undefined,
    };
  }

  /** Frees what the recording keeps. */
  dispose(): void {
    for (const value of this.#kept) value[Symbol.dispose]();
    this.#kept.length = 0;
  }
}
