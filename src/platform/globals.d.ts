// What every JavaScript runtime has and ES2023 leaves out, as far as the library uses it. The pipeline has these from
// @types/node.
declare const performance: { now(): number };

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare function setTimeout(callback: () => void, milliseconds?: number): unknown;

declare class URL {
  constructor(url: string, base: string);
}

declare function fetch(url: URL): Promise<{
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

interface ImportMeta {
  readonly url: string;
}

interface Event {
  preventDefault(): void;
}
