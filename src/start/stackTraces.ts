import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { resolve } from 'node:path';
import { ROOT } from './archive.ts';

/** V8 gives a frame as one line of a trace, which its type does not say. */
type Frame = NodeJS.CallSite & { toString: () => string };

/**
 * Makes stack traces name the places in the sources instead of those in a bundle. The source map is read when the first
 * trace is looked at; without one the traces stay as they are.
 *
 * @param file the bundle, as its frames name it
 * @param mapFile its source map, whose sources are named from the project's root
 */
export function mapStackTraces(file: string, mapFile: string): void {
  let map: SourceMap | undefined | null = null;
  const read = (): SourceMap | undefined => {
    try {
      return new SourceMap(JSON.parse(readFileSync(mapFile, 'utf8')) as SourceMapPayload);
    } catch {
      return undefined;
    }
  };
  const inSource = (line: number, column: number): string | undefined => {
    if (map === null) map = read();
    // Counted from 0, and one line of the file is the wrapper's.
    const entry = map?.findEntry(line - 2, column - 1);
    if (!entry || !('originalSource' in entry)) return undefined;
    return `${resolve(ROOT, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = (frames as readonly Frame[]).map((frame) => {
      const [text, line, column] = [String(frame), frame.getLineNumber(), frame.getColumnNumber()];
      if (frame.getFileName() !== file || line === null || column === null) return text;
      return text.replace(`${file}:${line}:${column}`, (place) => inSource(line, column) ?? place);
    });
    return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
  };
}
