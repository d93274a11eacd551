import { type DataFile } from '../dataFile.ts';
import { type Reporter } from '../reporter.ts';

/** The names by which a user chooses a source. */
export type SourceName = 'cache' | 'raw' | 'debian' | 'mirror' | 'apt';

/** What a source may use while it works. */
export interface SourceContext {
  /** The folder that is being filled; half-finished downloads may wait there for a later run. */
  readonly root: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Somewhere the data set's files may come from. */
export interface Source {
  readonly name: SourceName;
  /** Makes the source ready; rejects, with the reason, where it does not exist on this machine. */
  open(context: SourceContext): Promise<OpenSource>;
}

/** A source that is ready. It must be closed. */
export interface OpenSource {
  /** Gives one file, decompressed and verified; rejects with the reason when it cannot. */
  read(file: DataFile): Promise<Buffer>;
  close(): Promise<void>;
}
