import type { Backend } from '../backend/backend.ts';
import { type Rest, signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, DEVICE, either, INTEGER, listOf, nullable, oneOf, SIZES, STRING } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { BYTE_SOURCE, type ByteSource, MOST_BYTES, partsOf } from './bytes.ts';
import { type CsvRecord, csvRecords } from './csvRecords.ts';
import { TensorDataset } from './dataset.ts';
import { DataFormatError } from './formatError.ts';
import { Growing } from './growing.ts';

/** Options of `readCsv`. */
export interface CsvOptions {
  /** The column of the labels: its name, or its place from 0 up. By default `label`, if there is one; null for none. */
  label?: string | number | null;
  /** The columns of the values; by default all others. */
  columns?: readonly (string | number)[];
  /** The names of the classes, in order. A label is then one of them. */
  classes?: readonly string[];
  /** The shape of a sample, such as [1, 28, 28]; by default the number of columns. */
  shape?: readonly number[];
  /** The type of the values; float32 by default. */
  dtype?: 'float32' | 'int32' | 'uint8';
  /** Whether the first line names the columns; true by default. */
  header?: boolean;
  /** What separates the fields, one ASCII character; a comma by default. */
  delimiter?: string;
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
  /** The most bytes that the file may have, unpacked; 1 GiB by default. */
  maxBytes?: number;
  /** Names the file in errors; `CSV data` by default. */
  name?: string;
}

const COLUMN = either(STRING, INTEGER);
const csvArguments = signature<CsvOptions>(
  'readCsv',
  { source: BYTE_SOURCE },
  {
    label: nullable(COLUMN),
    columns: listOf(COLUMN),
    classes: listOf(STRING),
    shape: SIZES,
    dtype: oneOf('float32', 'int32', 'uint8'),
    header: BOOLEAN,
    delimiter: { takes: 'one ASCII character', fits: isDelimiter },
    device: DEVICE,
    maxBytes: INTEGER,
    name: STRING,
  },
  0,
);

/** The samples of a CSV file: [values] or [values, label], as `TensorDataset` gives them. */
export class CsvDataset extends TensorDataset {
  /** The names of the columns of the values; their places where the file has no header. */
  readonly columns: readonly string[];
  /** The names of the classes; empty where the labels are numbers. */
  readonly classes: readonly string[];

  constructor(tensors: readonly Tensor[], columns: readonly string[], classes: readonly string[]) {
    super(...tensors);
    this.columns = columns;
    this.classes = classes;
  }
}

/**
 * Reads a CSV file, plain or gzip, part by part: a sample for each line. Quoted fields, CRLF and a byte order mark are
 * understood.
 *
 * Labels that are whole numbers become int32, other numbers float32. Where one is no number, all of them are names: they become
 * int32, places in the sorted list `classes` or in the one that the options give.
 *
 * @throws DataFormatError naming the line and the column of what is wrong: another number of fields, a value that is no number
 * or does not fit `dtype`, no label, an unknown class
 * @throws ArgumentError for options that do not fit the file
 * @example
 * const train = await readCsv(createReadStream('fashion-mnist_train.csv'), { shape: [1, 28, 28] });
 * for await (const [images, labels] of new DataLoader(train, { batchSize: 64, shuffle: true })) step(images, labels);
 */
export async function readCsv(source: ByteSource, ...rest: Rest<CsvOptions>): Promise<CsvDataset> {
  const options = csvArguments([source, ...rest]);
  const { name = 'CSV data', maxBytes = MOST_BYTES, header = true, device } = options;
  let table: Table | undefined;
  for await (const record of csvRecords(partsOf(source, name, maxBytes), name, options.delimiter)) {
    if (table) table.add(record);
    else {
      const names = Array.from({ length: record.length }, (_, at) =>
        header ? record.text(at).trim() : String(at),
      );
      if (names.some((each) => each.includes('\r'))) {
        throw new DataFormatError(name, 'its lines end in CR alone', {
          takes: 'lines that end in LF or CRLF',
          got: 'a CR within a field of the first line',
        });
      }
      table = new Table(name, names, options);
      if (!header) table.add(record);
    }
  }
  if (!table) throw new DataFormatError(name, 'empty', { takes: 'a line for each sample', got: 'nothing' });
  const { columns, count } = table;
  const placed = { ...(device && { device }) };
  const size = options.shape ?? [columns.length];
  if (size.reduce((product, each) => product * each, 1) !== columns.length) {
    throw new ArgumentError('readCsv', 'the shape does not fit', {
      takes: `the shape of the ${columns.length} columns of values`,
      got: `[${size.join(', ')}]`,
    });
  }
  const { dtype = 'float32' } = options;
  const values = tensor(table.values(), { shape: [count, ...size], dtype, ...placed });
  if (!table.hasLabels) return new CsvDataset([values], columns, []);
  const { labels, classes } = table.labels();
  return new CsvDataset([values, tensor(labels, { shape: [count], ...placed })], columns, classes);
}

const RANGES = { int32: [-(2 ** 31), 2 ** 31 - 1], uint8: [0, 255] } as const;

/** The lines that are read so far. */
class Table {
  readonly columns: readonly string[];
  count = 0;
  readonly #file: string;
  readonly #width: number;
  readonly #places: readonly number[];
  readonly #label: number;
  readonly #range: readonly [number, number] | undefined;
  readonly #values: Growing;
  readonly #labels: string[] = [];
  readonly #lines: number[] = [];
  readonly #classes: readonly string[] | undefined;

  constructor(
    file: string,
    names: readonly string[],
    { label, columns, classes, dtype = 'float32' }: CsvOptions,
  ) {
    const place = (column: string | number): number => {
      const at = typeof column === 'number' ? column : names.indexOf(column);
      if (at in names) return at;
      const listed = `${names.slice(0, 10).join(', ').slice(0, 200)}${names.length > 10 ? ', …' : ''}`;
      throw new ArgumentError('readCsv', `no such column in ${file}`, {
        takes: `a name or a place of the ${names.length} columns: ${listed}`,
        got: String(column),
      });
    };
    this.#file = file;
    this.#width = names.length;
    this.#classes = classes;
    if (classes && new Set(classes).size < classes.length) {
      throw new ArgumentError('readCsv', 'a class is named twice', {
        takes: 'classes of different names',
        got: classes.slice(0, 10).join(', ').slice(0, 200),
      });
    }
    if (label === null) this.#label = -1;
    else this.#label = label === undefined ? names.indexOf('label') : place(label);
    this.#places = columns?.map(place) ?? [...names.keys()].filter((at) => at !== this.#label);
    this.columns = this.#places.map((at) => names[at]!);
    this.#range = dtype === 'float32' ? undefined : RANGES[dtype];
    this.#values = new Growing(dtype);
  }

  get hasLabels(): boolean {
    return this.#label >= 0;
  }

  add(record: CsvRecord): void {
    if (record.length !== this.#width) {
      throw new DataFormatError(this.#file, `line ${record.line} has another number of fields`, {
        takes: `${this.#width}, as the first line`,
        got: String(record.length),
      });
    }
    const values = this.#values.extend(this.#places.length);
    this.#places.forEach((place, at) => {
      const value = record.number(place);
      if (!this.#fits(value)) this.#refuse(record, place);
      values[at] = value;
    });
    this.count++;
    if (!this.hasLabels) return;
    const label = record.text(this.#label).trim();
    if (label === '') {
      throw new DataFormatError(this.#file, `line ${record.line} has no label`, {
        takes: 'a number, or the name of a class',
        got: 'nothing',
      });
    }
    this.#labels.push(label);
    this.#lines.push(record.line);
  }

  values(): Float32Array | Int32Array | Uint8Array {
    return this.#values.all();
  }

  /** The labels as numbers, and the names of the classes. */
  labels(): { labels: Float32Array | Int32Array; classes: readonly string[] } {
    const numbers = this.#classes ? [] : this.#labels.map((label) => Number(label));
    if (!this.#classes && numbers.every((each) => Number.isFinite(each))) {
      const isWhole = numbers.every((each) => each === (each | 0));
      return { labels: isWhole ? Int32Array.from(numbers) : Float32Array.from(numbers), classes: [] };
    }
    const classes = this.#classes ?? [...new Set(this.#labels)].sort();
    const places = new Map(classes.map((name, at) => [name, at]));
    const labels = Int32Array.from(this.#labels, (label, at) => {
      const place = places.get(label);
      if (place !== undefined) return place;
      throw new DataFormatError(this.#file, `line ${this.#lines[at]!} has an unknown class`, {
        takes: classes.slice(0, 10).join(', '),
        got: label.slice(0, 100),
      });
    });
    return { labels, classes };
  }

  #fits(value: number): boolean {
    if (!this.#range) return Number.isFinite(Math.fround(value));
    return Number.isInteger(value) && value >= this.#range[0] && value <= this.#range[1];
  }

  #refuse(record: CsvRecord, place: number): never {
    const column = this.columns[this.#places.indexOf(place)]!;
    const number = Number.isNaN(record.number(place)) ? 'a number' : 'a number that a float32 holds';
    throw new DataFormatError(
      this.#file,
      `line ${record.line}, column ${column.slice(0, 100)}: no such value`,
      {
        takes: this.#range ? `a whole number from ${this.#range.join(' to ')}` : number,
        got: record.text(place).slice(0, 100) || 'nothing',
      },
    );
  }
}

function isDelimiter(value: unknown): boolean {
  return typeof value === 'string' && /^[^"\n\r\u0080-\uffff]$/.test(value);
}
