import { type DataFile } from '../dataFile.ts';
import { type Reporter } from '../reporter.ts';

/** The names by which a user chooses a source. */
export type SourceName = 'cache' | 'raw' | 'debian' | 'mirror' | 'apt';

/** What a source works with. */
export interface SourceContext {
  /** The folder that is being filled; unfinished downloads stay there and are continued later. */
  readonly root: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A place from which the data set's files can come. */
export interface Source {
  readonly name: SourceName;
  /** Prepares the source; rejects with the reason where it does not exist on this machine. */
  open(context: SourceContext): Promise<OpenSource>;
}

/** A source that is ready. It must be closed. */
export interface OpenSource {
  /** Returns one file, decompressed and verified; rejects with the reason where it cannot. */
  read(file: DataFile): Promise<Buffer>;
  close?(): Promise<void>;
}
