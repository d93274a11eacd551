// TypeScript has these in lib.esnext.disposable alone, with which they merge: the library compiles without it.
declare global {
  interface SymbolConstructor {
    /** The method that `using` calls at the end of a block. */
    readonly dispose: unique symbol;
  }

  interface Disposable {
    [Symbol.dispose](): void;
  }
}

export {};
