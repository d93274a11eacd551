/** What a worker is to run. */
export interface Program {
  /** The parts of the page's program; the last one's output is shown. */
  readonly parts: readonly string[];
  /** The address of the library as one file. */
  readonly library: string;
}

/** What it answers. */
export type Message =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly text: string };
