// TypeScript declares these only in lib.esnext.disposable. Declarations merge, so the library compiles with and without
// it.
declare global {
  interface SymbolConstructor {
    /** The key of the method that `using` calls at the end of a block. */
    readonly dispose: unique symbol;
  }

  interface Disposable {
    [Symbol.dispose](): void;
  }
}

export {};
