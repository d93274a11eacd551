import type { KnobValues } from './variants.ts';

/** Something that the compiler, or reading the file, had to say. */
export interface KernelMessage {
  severity: 'error' | 'warning' | 'info';
  /** `kernels/unary.wgsl:12:3`, as far as it is known. */
  place: string;
  text: string;
  /** The variants that it was said of; the first one stands for all. */
  variants: number;
  example: KnobValues;
}

/** Collects messages; what is said of many variants is kept once. */
export class MessageLog {
  readonly messages: KernelMessage[] = [];
  readonly #kernel: string;

  constructor(kernel: string) {
    this.#kernel = kernel;
  }

  add(
    message: { severity: KernelMessage['severity']; text: string; line?: number; column?: number },
    variant: KnobValues,
    count = 1,
  ): void {
    // A pipeline's message holds the place in its text: `:12:3 error: …`.
    const [, line, column] = /(?:^|\s):(\d+):(\d+) (?:error|warning)/.exec(message.text) ?? [];
    const at = [message.line ?? (Number(line) || 0), message.column ?? (Number(column) || 0)];
    const place = [`kernels/${this.#kernel}.wgsl`, ...at.filter((each) => each > 0)].join(':');
    // Dawn adds which of its objects it was about.
    const text = message.text.replace(/\n - While [^]*$/, '').trim();
    const same = this.messages.find((each) => each.place === place && each.text === text);
    if (same) same.variants += count;
    else
      this.messages.push({
        severity: message.severity,
        place,
        text,
        variants: count,
        example: variant,
      });
  }

  /** Runs `body`; what it throws becomes a message. */
  attempt<T>(variant: KnobValues, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      this.add({ severity: 'error', text: error instanceof Error ? error.message : String(error) }, variant);
      return undefined;
    }
  }
}
