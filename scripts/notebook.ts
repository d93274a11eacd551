/** A Jupyter notebook as JSON, without what belongs to the machine that ran it. */
import { createHash } from 'node:crypto';

export interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: unknown;
  readonly ename?: string;
  readonly evalue?: string;
}

export interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly id: string;
  readonly source: string | readonly string[];
  readonly metadata: unknown;
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly wgrad?: { readonly sources: string } };
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/** The text of a cell or an output, which Jupyter writes as one string or as lines. */
export function textOf(text: string | readonly string[] = ''): string {
  return typeof text === 'string' ? text : text.join('');
}

/** SHA-256 of the programs of a notebook, by which its outputs are known to be theirs. */
export function sourcesHash({ cells }: Notebook): string {
  const programs = cells.filter((cell) => cell.cell_type === 'code').map(({ source }) => textOf(source));
  return createHash('sha256').update(JSON.stringify(programs)).digest('hex');
}

/**
 * The notebook to keep: without times, and without what was written to the standard error, which names folders of the machine.
 */
export function tidied(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell): Cell => {
    const { cell_type, id, source, execution_count = null, outputs = [] } = cell;
    const text = textOf(source).split(/(?<=\n)/);
    if (cell_type === 'markdown') return { cell_type, id, metadata: {}, source: text };
    const kept = outputs.filter(({ name }) => name !== 'stderr');
    return { cell_type, execution_count, id, metadata: {}, outputs: kept, source: text };
  });
  const metadata = {
    kernelspec: { display_name: 'Deno', language: 'typescript', name: 'deno' },
    language_info: { file_extension: '.ts', mimetype: 'text/x.typescript', name: 'typescript' },
    wgrad: { sources: sourcesHash(notebook) },
  };
  return { cells, metadata, nbformat: notebook.nbformat, nbformat_minor: notebook.nbformat_minor };
}

export function notebookText(notebook: Notebook): string {
  return `${JSON.stringify(notebook, null, 1)}\n`;
}
