import cliProgress from 'cli-progress';

/** Gets the messages and the progress of a fetch. */
export interface Reporter {
  /** One line of news. */
  note(message: string): void;
  /** Bytes received so far, and in total if known; may be called for every chunk. */
  progress(label: string, received: number, total: number | undefined): void;
  /** The transfer has ended or failed. */
  progressEnd(): void;
}

/** Reports nothing. */
export const silentReporter: Reporter = {
  note: () => undefined,
  progress: () => undefined,
  progressEnd: () => undefined,
};

/** A progress bar on a terminal; plain lines (at each quarter) elsewhere. */
export function streamReporter(stream: NodeJS.WriteStream): Reporter {
  return stream.isTTY ? barReporter(stream) : lineReporter((line) => stream.write(`${line}\n`));
}

/** Plain lines: the start of a transfer, then each quarter of it, or each 8 MiB when its size is unknown. */
export function lineReporter(write: (line: string) => void): Reporter {
  let last: string | undefined;
  return {
    note: write,
    progress(label, received, total) {
      const step = total === undefined ? 8 * 2 ** 20 : Math.max(1, total / 4);
      const key = `${label} ${Math.floor(received / step)}`;
      if (key === last) return;
      last = key;
      write(`${label}: ${megabytes(received)}${total === undefined ? '' : ` of ${megabytes(total)}`} MB`);
    },
    progressEnd() {
      last = undefined;
    },
  };
}

function barReporter(stream: NodeJS.WriteStream): Reporter {
  let bar: cliProgress.SingleBar | undefined;
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    note(message) {
      end();
      stream.write(`${message}\n`);
    },
    progress(label, received, total) {
      if (bar === undefined) {
        bar = new cliProgress.SingleBar({
          stream,
          format: '{label} [{bar}] {received} / {all} MB',
          hideCursor: true,
        });
        bar.start(total ?? received, received, { label, received: '', all: '' });
      }
      bar.setTotal(total ?? received);
      bar.update(received, {
        received: megabytes(received),
        all: total === undefined ? '?' : megabytes(total),
      });
    },
    progressEnd: end,
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
