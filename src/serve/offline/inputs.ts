import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { DataError, oneLine } from '../../pipeline/data/errors.ts';
import { readIdxImages } from '../../pipeline/data/idx.ts';
import { readCsvRows } from '../../pipeline/data/own/csvRows.ts';
import { MOST_BYTES, readLimited } from '../../pipeline/data/own/parts.ts';
import { EXTENSIONS, readPicture } from '../../pipeline/data/own/pictures.ts';
import { fitPicture, type ModelInput } from '../../pipeline/pictures/prepare.ts';

/** An image to classify, or why there is none. */
export type Input = InputImage | UnreadableInput;

export interface InputImage {
  /** As it was given, or below a folder that was given. */
  readonly path: string;
  /** The number of the image in an IDX or CSV file, from 0 up; undefined for a picture. */
  readonly row: number | undefined;
  /** uint8[height · width]. */
  readonly pixels: Uint8Array;
}

export interface UnreadableInput {
  readonly path: string;
  readonly problem: string;
}

/** Pictures that are decoded at a time. */
const AT_ONCE = 8;

const IDX = /idx3-ubyte(\.gz)?$/;
const CSV = /\.csv(\.gz)?$/i;

/**
 * The images of files and folders, in their order: pictures, IDX files and CSV files, and all pictures below a folder,
 * sorted by path. Few of them are in memory at a time. What cannot be read is an input with a problem.
 *
 * @param input the images that the model takes
 * @param locate where a path lies that was given
 */
export async function* readInputs(
  paths: readonly string[],
  input: ModelInput,
  locate: (path: string) => string = (path) => path,
): AsyncGenerator<Input> {
  for (const path of paths) {
    const place = { path, file: locate(path) };
    try {
      if (IDX.test(path)) yield* readIdxFile(place, input);
      else if (CSV.test(path)) yield* readCsvFile(place, input);
      else {
        const { pictures, problems } = await picturesAt(place);
        yield* problems;
        yield* readPictures(pictures, input);
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      yield { path, problem: withoutPath(place.file, oneLine(error)) };
    }
  }
}

/** A path as it is shown, and where it lies. */
interface Place {
  readonly path: string;
  readonly file: string;
}

async function picturesAt({
  path,
  file,
}: Place): Promise<{ pictures: readonly Place[]; problems: readonly UnreadableInput[] }> {
  const info = await stat(file).catch((error: unknown) => {
    throw new DataError(`${file}: cannot be read: ${(error as Error).message}`, {}, error);
  });
  if (!info.isDirectory()) return { pictures: [{ path, file }], problems: [] };
  const entries = await readdir(file, { recursive: true, withFileTypes: true });
  const placesOf = (found: readonly Dirent[]): Place[] =>
    found
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((each) => ({ path: join(path, relative(file, each)), file: each }));
  const pictures = placesOf(
    entries.filter((entry) => !entry.isDirectory() && EXTENSIONS.includes(extname(entry.name).toLowerCase())),
  );
  const links = placesOf(entries.filter((entry) => entry.isSymbolicLink()));
  const problems: UnreadableInput[] = [];
  for (const link of links) {
    const isFolder = await stat(link.file).then(
      (target) => target.isDirectory(),
      () => false,
    );
    if (isFolder) problems.push({ path: link.path, problem: 'a link to a folder, which is not followed' });
  }
  if (pictures.length + problems.length > 0) return { pictures, problems };
  throw new DataError(`${file}: no pictures`, {
    expected: `files that end in ${EXTENSIONS.join(', ')}; IDX and CSV files are given by name`,
  });
}

async function* readPictures(places: readonly Place[], input: ModelInput): AsyncGenerator<Input> {
  const readOne = async ({ path, file }: Place): Promise<Input> => {
    try {
      return { path, row: undefined, pixels: fitPicture(await readPicture(file), input) };
    } catch (error) {
      // A picture that shows nothing, too.
      return { path, problem: withoutPath(file, oneLine(error)) };
    }
  };
  for (let start = 0; start < places.length; start += AT_ONCE) {
    yield* await Promise.all(places.slice(start, start + AT_ONCE).map(readOne));
  }
}

async function* readIdxFile({ path, file }: Place, input: ModelInput): AsyncGenerator<Input> {
  const bytes = await readLimited(file, MOST_BYTES);
  const { count, rows, columns, pixels } = readIdxImages(bytes, { label: file, maxBytes: MOST_BYTES });
  if (rows !== input.height || columns !== input.width) {
    throw wrongSize(file, `${rows} × ${columns} pixels`, input);
  }
  const size = rows * columns;
  for (let row = 0; row < count; row++) {
    yield { path, row, pixels: pixels.subarray(row * size, (row + 1) * size) };
  }
}

async function* readCsvFile({ path, file }: Place, input: ModelInput): AsyncGenerator<Input> {
  let row = 0;
  for await (const { pixels } of readCsvRows(file, { needsLabels: false })) {
    if (pixels.length !== input.height * input.width) {
      throw wrongSize(file, `${pixels.length} pixels`, input);
    }
    yield { path, row: row++, pixels };
  }
}

function wrongSize(path: string, got: string, { height, width }: ModelInput): DataError {
  return new DataError(`${path}: images of another size than the model takes`, {
    expected: `${height} × ${width} pixels`,
    got,
  });
}

function withoutPath(path: string, problem: string): string {
  return problem.startsWith(`${path}: `) ? problem.slice(path.length + 2) : problem;
}
