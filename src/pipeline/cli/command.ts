import { readValue, text, type Value } from './values.ts';

/** An option of a command: `--batch-size <n>`. `T` is the type of its value. */
export interface Option<T> {
  readonly help: string;
  /** `<n>`; a switch has none. */
  readonly placeholder?: string;
  readonly value?: Value<NonNullable<T>>;
  readonly default?: T;
  /** The option that this one belongs to: alone it is refused. */
  readonly with?: string;
  /** The options that it cannot be combined with. */
  readonly without?: readonly string[];
}

/** How an option goes with others. */
type Company = Pick<Option<unknown>, 'with' | 'without'>;

/** An argument of a command, at its place. `T` is the type of its value. */
export interface Argument<T> {
  readonly help: string;
  /** How many words it takes. */
  readonly least: number;
  readonly most: number;
  /** Its value, from its words. */
  readonly read: (words: readonly string[], name: string) => T;
}

export type Options = Readonly<Record<string, Option<unknown>>>;
export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** What `run` gets: the values of arguments and options, by name. */
type Input<A extends Arguments, O extends Options> = {
  readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never;
} & { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** The parts of a help text that every command can have. */
export interface Help {
  /** What the command does. Paragraphs are separated by blank lines; they are wrapped to the terminal. */
  readonly about: string;
  /** Usage lines, without the program, where the automatic one does not say all. */
  readonly usage?: readonly string[];
  /** What the help ends with, printed as it stands; called only then. */
  readonly notes?: () => string;
  readonly examples?: readonly string[];
  /** Meanings of exit codes, where they differ from `EXIT_CODES`. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Whether its words may override keys of the configuration; then `--help <key>` explains a key. */
  readonly takesKeys?: boolean;
}

/** One command: its help, what it takes, and what it does. */
export interface Command<A extends Arguments = Arguments, O extends Options = Options> extends Help {
  readonly arguments?: A;
  readonly options?: O;
  /** Does the work, and returns the exit code; without one, it is 0. */
  run(input: Input<A, O>): Promise<number> | Promise<void>;
}

/** Several commands under one program: `data fetch`, `data verify`. */
export interface CommandGroup extends Help {
  readonly commands: Readonly<Record<string, Command>>;
  /** The command that runs where none is named. */
  readonly default?: string;
}

/** Gives `run` the types that the options and arguments have. */
export function command<const A extends Arguments, const O extends Options>(
  description: Command<A, O>,
): Command {
  return description;
}

/** An option that is given or not. */
export function flag(help: string, also: Company = {}): Option<boolean> {
  return { help, default: false, ...also };
}

/** An option with a value. */
export function option<T>(
  placeholder: string,
  value: Value<T>,
  help: string,
  also: { readonly default: NoInfer<T> } & Company,
): Option<T>;
export function option<T>(
  placeholder: string,
  value: Value<T>,
  help: string,
  also?: Company,
): Option<T | undefined>;
export function option<T>(
  placeholder: string,
  value: Value<NonNullable<T>>,
  help: string,
  also: { readonly default?: T } & Company = {},
): Option<T> {
  return { placeholder, value, help, ...also };
}

/** An argument that must be given. */
export function argument(help: string, value: Value<string> = text): Argument<string> {
  return { help, least: 1, most: 1, read: ([word], name) => readValue(name, value, word!) };
}

/** An argument that may be left out. */
export function optional(help: string): Argument<string | undefined>;
export function optional<T>(help: string, value: Value<T>): Argument<T | undefined>;
export function optional(help: string, value: Value<unknown> = text): Argument<unknown> {
  const read = ([word]: readonly string[], name: string): unknown =>
    word === undefined ? undefined : readValue(name, value, word);
  return { help, least: 0, most: 1, read };
}

/** Arguments without a limit to their number, `least` of them at least. */
export function list(help: string, least: number = 0, value: Value<string> = text): Argument<string[]> {
  const read = (words: readonly string[], name: string): string[] =>
    words.map((word) => readValue(name, value, word));
  return { help, least, most: Infinity, read };
}
