// Globals that every JavaScript runtime has but ES2023's types do not declare, as far as the library uses them. In the
// pipeline @types/node declares them.
declare const performance: { now(): number };

declare const console: { warn(text: string): void };

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare function atob(text: string): string;

declare function setTimeout(callback: () => void, milliseconds?: number): unknown;

declare class TextDecoder {
  constructor(label: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

declare class DecompressionStream {
  constructor(format: 'gzip');
  readonly readable: {
    getReader(): {
      read(): Promise<{ done: true; value?: undefined } | { done: false; value: Uint8Array }>;
      cancel(): Promise<void>;
    };
  };
  readonly writable: {
    getWriter(): {
      readonly closed: Promise<unknown>;
      write(bytes: Uint8Array): Promise<void>;
      close(): Promise<void>;
      abort(reason: unknown): Promise<void>;
    };
  };
}

interface Event {
  preventDefault(): void;
}
