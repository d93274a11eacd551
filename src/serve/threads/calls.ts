import { AdapterError, WgradError } from '../../backend/errors.ts';
import { PictureError } from '../../pipeline/pictures/error.ts';
import { RequestError } from '../errors.ts';

/** A request to a thread: one of its methods with arguments, or `undefined` to end. */
export interface Call {
  readonly id: number;
  readonly method: string | undefined;
  readonly args: readonly unknown[];
}

/** The result of a call, or its error. */
export interface Outcome {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: PlainError;
}

type Kind = 'request' | 'picture' | 'adapter' | 'wgrad' | 'other';

/** An error as a message can hold it: copies lose their class. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly kind: Kind;
  /** The property by which errors of its class differ. */
  readonly detail: unknown;
}

type Make = (message: string, detail: never) => Error;
type ErrorClass = abstract new (...args: never[]) => Error;

/** The classes that decide how an error is shown, subclasses first, and how each is made. */
const CLASSES: Readonly<Record<Kind, readonly [ErrorClass, Make]>> = {
  request: [RequestError, (message, status: RequestError['status']) => new RequestError(status, message)],
  picture: [PictureError, (message, fault: PictureError['fault']) => new PictureError(fault, message)],
  adapter: [AdapterError, (message) => new AdapterError(message)],
  wgrad: [WgradError, (message) => new WgradError(message)],
  other: [Error, (message) => new Error(message)],
};

export function plainError(thrown: unknown): PlainError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const kinds = Object.keys(CLASSES) as Kind[];
  const kind = kinds.find((kind) => error instanceof CLASSES[kind][0])!;
  const { name, message, stack } = error;
  const { status, fault } = error as Partial<RequestError & PictureError>;
  return { name, message, stack, kind, detail: status ?? fault };
}

/** The error of another thread, of its class. Its stack is that of the other thread. */
export function errorFrom({ kind, name, message, stack, detail }: PlainError): Error {
  const [, make] = CLASSES[kind];
  const error = make(message, detail as never);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
