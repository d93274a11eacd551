import { didYouMean } from './didYouMean.ts';
import { ArgumentError } from './errors.ts';

/** What an argument may be: a test, and its words for an error. */
export interface Kind {
  readonly takes: string;
  readonly fits: (value: unknown) => boolean;
  /** Whether null is a value of its own. Otherwise it stands for an argument that is left out, as Python's None does. */
  readonly nullable?: true;
}

/** A value, or its default: undefined and null are arguments that are left out. */
export type Maybe<T> = T | null | undefined;

/** An object of options at the end, which may be left out. */
export type Rest<Options> = [options?: Maybe<Options>];

/** The kinds of arguments by their names, in order. */
export type Kinds = Readonly<Record<string, Kind>>;

/** Checks the arguments of a call and returns the optional ones by name. */
export type Signature<Options extends object = object> = (args: ArrayLike<unknown>) => Options;

const NONE: object = Object.freeze({});

/**
 * The arguments of a function, as Python writes them: the required ones in order, then the optional ones, in order or by
 * name in an object at the end. An argument that is left out is undefined or null.
 *
 * @param optional the kinds of the optional arguments; those that may be given in order come first
 * @param ordered how many of them may be given in order; all by default
 * @returns a function that throws ArgumentError for an argument of the wrong kind, one too many, or an unknown name
 * @example
 * const takes = signature<{ dim?: number; keepdim?: boolean }>('argmax', { x: TENSOR }, { dim: INTEGER, keepdim: BOOLEAN });
 *
 * export function argmax(x: Tensor, dim?: number, keepdim?: boolean): Tensor {
 *   const { dim: axis, keepdim: kept = false } = takes(arguments);
 */
export function signature<Options extends object = object>(
  operation: string,
  required: Kinds,
  optional: { readonly [Name in keyof Options]-?: Kind } = {} as { readonly [Name in keyof Options]-?: Kind },
  ordered?: number,
): Signature<Options> {
  const call: Call = {
    operation,
    required: Object.entries(required),
    optional: new Map(Object.entries(optional as Kinds)),
    ordered: Object.entries(optional as Kinds).slice(0, ordered),
  };
  const kinds = Object.values(required);
  return (args) => {
    for (let index = 0; index < kinds.length; index++) {
      if (!kinds[index]!.fits(args[index]))
        refuse(call, call.required[index]!, args[index], index < args.length);
    }
    return (args.length > kinds.length ? optionsOf(call, args) : NONE) as Options;
  };
}

interface Call {
  readonly operation: string;
  readonly required: readonly [string, Kind][];
  readonly optional: ReadonlyMap<string, Kind>;
  readonly ordered: readonly [string, Kind][];
}

/** The optional arguments by name: those of the object at the end, and those before it in their order. */
function optionsOf(call: Call, args: ArrayLike<unknown>): object {
  const { required, ordered } = call;
  const last = args[args.length - 1];
  const named = isPlainObject(last) ? checkNamed(call, last) : undefined;
  const end = named ? args.length - 1 : args.length;
  if (named && end === required.length) return named;
  // Most calls give options by name only, or in order only: named options are copied when another joins them.
  let options = named as Record<string, unknown> | undefined;
  for (let index = required.length; index < end; index++) {
    const value = args[index];
    const entry = ordered[index - required.length];
    if (!entry) {
      // Where the options may stand, nothing may stand too.
      const absent = value === undefined || value === null;
      if (absent && !named && index === end - 1 && call.optional.size > 0) continue;
      throw tooMany(call, args, index, named !== undefined);
    }
    const [name, kind] = entry;
    if (isLeftOut(value, kind)) continue;
    if (!kind.fits(value)) refuse(call, entry, value);
    if (named && Object.hasOwn(named, name)) {
      throw new ArgumentError(call.operation, `${name} is given twice`, {
        takes: 'each argument in order or by name',
        got: `${kindOf(value)} in order, and ${name} by name`,
      });
    }
    if (options === named) options = { ...named };
    options![name] = value;
  }
  return options ?? NONE;
}

function tooMany(call: Call, args: ArrayLike<unknown>, index: number, hasOptions: boolean): ArgumentError {
  const { operation, required, ordered, optional } = call;
  const byName = [...optional.keys()].slice(ordered.length);
  const inPlaceOfOptions = index === required.length + ordered.length && args.length === index + 1;
  if (byName.length > 0 && inPlaceOfOptions && !hasOptions) {
    return new ArgumentError(operation, 'invalid options', {
      takes: `an object of ${byName.join(', ')}`,
      got: kindOf(args[index]),
    });
  }
  return new ArgumentError(operation, 'too many arguments', {
    takes: callText(call),
    got: `${args.length} arguments; number ${index + 1} is ${kindOf(args[index])}`,
  });
}

/** The options of an object, without those that are left out. */
function checkNamed(call: Call, given: object): object {
  let absent = false;
  for (const name of Object.keys(given)) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    const kind = call.optional.get(name);
    if (!kind) throw unknownOption(call, name);
    if (isLeftOut(value, kind)) absent ||= value === null;
    else if (!kind.fits(value)) refuse(call, [name, kind], value);
  }
  if (!absent) return given;
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => !isLeftOut(value, call.optional.get(name)!)),
  );
}

function isLeftOut(value: unknown, { nullable }: Kind): boolean {
  return value === undefined || (value === null && !nullable);
}

function unknownOption(call: Call, name: string): ArgumentError {
  const names = [...call.optional.keys()];
  return new ArgumentError(call.operation, `unknown option '${name}'`, {
    takes: names.length > 0 ? `options ${names.join(', ')}` : callText(call),
    got: `'${name}'${didYouMean(name, names)}`,
  });
}

function refuse(
  { operation }: Call,
  [name, { takes }]: [string, Kind],
  value: unknown,
  given: boolean = true,
): never {
  throw new ArgumentError(operation, `invalid ${name}`, {
    takes,
    got: given ? kindOf(value) : 'nothing',
  });
}

/** `sum(x, dim?, keepdim?)`, and names that have no place in the order in braces. */
function callText({ operation, required, ordered, optional }: Call): string {
  const rest = [...optional.keys()].slice(ordered.length);
  const parts = [
    ...required.map(([name]) => name),
    ...ordered.map(([name]) => `${name}?`),
    ...(rest.length > 0 ? [`{ ${rest.join(', ')} }?`] : []),
  ];
  return `${operation}(${parts.join(', ')})`;
}

/** Checks a call with a list, and returns the list and the options. */
export type ListSignature<Options extends object> = (args: ArrayLike<unknown>) => {
  readonly list: readonly number[];
  readonly options: Options;
};

/**
 * The arguments of a function of sizes or dims, in one list or one after the other, then options by name: `f(x, [2, 3])`
 * or `f(x, 2, 3)`.
 */
export function listSignature<Options extends object = object>(
  operation: string,
  required: Kinds,
  name: string,
  optional?: { readonly [Name in keyof Options]-?: Kind },
): ListSignature<Options> {
  const takes = signature<Options>(operation, { ...required, [name]: INTEGERS }, optional, 0);
  const start = Object.keys(required).length;
  return (args) => {
    const first = args[start];
    if (typeof first !== 'number') return { options: takes(args), list: first as number[] };
    const before = Array.prototype.slice.call(args, 0, start) as unknown[];
    const list = Array.prototype.slice.call(args, start) as number[];
    const last: unknown = list.at(-1);
    const options = isPlainObject(last) || last === undefined || last === null ? [list.pop()] : [];
    return { options: takes([...before, list, ...options]), list };
  };
}

/** Integers in a list. A hole in an array is none. */
export function isIntegers(value: unknown): value is readonly number[] {
  if (!Array.isArray(value)) return false;
  for (let index = 0; index < value.length; index++) if (!Number.isSafeInteger(value[index])) return false;
  return true;
}

export const FUNCTION: Kind = { takes: 'a function', fits: (value) => typeof value === 'function' };

/** Anything: the function checks it itself. */
export const ANY: Kind = { takes: 'a value', fits: () => true };

/** Something to loop over, other than a string. */
export const ITERABLE: Kind = {
  takes: 'an array or another iterable',
  fits: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
};

const INTEGERS: Kind = { takes: 'integers, in a list or one after the other', fits: isIntegers };

/** Throws ArgumentError if a method that takes no arguments got one. */
export function takesNothing(operation: string, args: ArrayLike<unknown>): void {
  if (args.length > 0) {
    throw new ArgumentError(operation, 'too many arguments', {
      takes: `${operation}()`,
      got: kindOf(args[0]),
    });
  }
}

/** Whether an object is a literal of this realm, or has no prototype. */
export function isLiteral(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a value is an object literal, also of another realm, and not a module, tensor, array, map or promise. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (isLiteral(value)) return true;
  // Another realm has an Object.prototype of its own.
  return Object.getPrototypeOf(Object.getPrototypeOf(value)) === null && !Array.isArray(value);
}

/** A value in the words of an error. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Promise) return 'a Promise; await it first';
  switch (typeof value) {
    case 'number':
      return String(value);
    case 'string':
      return `the string ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`;
    case 'function':
      return value.name === '' ? 'a function' : `the function ${value.name}`;
    case 'object': {
      if ('dtype' in value && 'shape' in value)
        return `a tensor ${String(value.dtype)}[${String(value.shape)}]`;
      if (Array.isArray(value)) return listText(value);
      const { constructor } = value as { readonly constructor?: unknown };
      return typeof constructor === 'function' ? `an object of ${constructor.name}` : 'an object';
    }
    default:
      return `${typeof value} ${(value as bigint | boolean | symbol).toString()}`;
  }
}

/** The start of a list, without what is inside its elements. */
function listText(list: readonly unknown[]): string {
  const parts = list.slice(0, 8).map((each) => (Array.isArray(each) ? '[…]' : kindOf(each)));
  return `[${parts.join(', ')}${list.length > 8 ? ', …' : ''}]`;
}
