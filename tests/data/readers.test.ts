import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/data/bytes.ts';
import { csvRecords } from '../../src/data/csvRecords.ts';
import { DataFormatError, DataLoader, readCsv, readIdx, TensorDataset } from '../../src/data/index.ts';
import { ArgumentError, open, setDefaultDevice } from '../../src/index.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

/** A stream that gives some bytes at a time. */
async function* stream(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('bytes', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);

  it.each([
    ['an array', bytes],
    ['a buffer', bytes.buffer],
    ['a Blob', new Blob([bytes])],
    ['a Response', new Response(bytes)],
    ['a stream', stream(bytes, 7)],
    ['gzip', gzipSync(bytes)],
    ['a stream of gzip, byte for byte', stream(gzipSync(bytes), 1)],
    ['gzip of two members', Buffer.concat([gzipSync(bytes.subarray(0, 10)), gzipSync(bytes.subarray(10))])],
  ])('come from %s', async (_, source) => {
    expect(new Uint8Array(await bytesOf(source, 'file', 1000))).toEqual(bytes);
  });

  it.each([
    ['truncated gzip', gzipSync(bytes.subarray(0, 400)).subarray(0, -9), 'damaged or truncated gzip data'],
    ['only the first bytes of gzip', Uint8Array.of(0x1f, 0x8b), 'damaged or truncated gzip data'],
    ['too many', bytes.subarray(0, 501), 'takes  at most 500 bytes, unpacked'],
    ['a gzip bomb', gzipSync(Buffer.alloc(2 ** 22)), 'takes  at most 500 bytes, unpacked'],
  ])('%s are refused', async (_, source, message) => {
    await expect(bytesOf(source, 'some.gz', 500)).rejects.toThrow(DataFormatError);
    await expect(bytesOf(source, 'some.gz', 500)).rejects.toThrow(new RegExp(`^some\\.gz: [^]*${message}`));
  });

  it('do not come from text, or from a page that says that there is no such file', async () => {
    const text = (async function* () {
      yield await Promise.resolve('label,a\n1,2\n');
    })() as unknown as AsyncIterable<Uint8Array>;
    await expect(bytesOf(text, 'file', 1000)).rejects.toThrow(ArgumentError);
    const page = new Response('Not found', { status: 404 });
    await expect(bytesOf(page, 'file', 1000)).rejects.toThrow(/^file: the server did not send it[^]*404$/);
  });

  it.each([(part: Uint8Array) => part, gzipSync])(
    'an error of the stream is thrown as it is',
    async (pack) => {
      const failing = (async function* () {
        yield await Promise.resolve(pack(bytes).subarray(0, 20));
        throw new RangeError('the disk is gone');
      })();
      await expect(bytesOf(failing, 'file', 1000)).rejects.toThrow(new RangeError('the disk is gone'));
    },
  );
});

describe('readIdx', () => {
  it('gives integers as int32, plain or gzip, with the shape of the file', async () => {
    const file = hex('00000803 00000001 00000002 00000003 0102030405ff');
    for (const source of [file, gzipSync(file), stream(file, 5)]) {
      const read = await readIdx(source);
      expect([read.dtype, await read.toArray()]).toEqual([
        'int32',
        [
          [
            [1, 2, 3],
            [4, 5, 255],
          ],
        ],
      ]);
    }
    const labels = await readIdx(hex('00000801 00000002 0709'), { dtype: 'uint8' });
    expect([labels.dtype, await labels.toArray()]).toEqual(['uint8', [7, 9]]);
  });

  it.each([
    ['signed bytes', '00000901 00000002 80 7f', 'int32', [-128, 127]],
    ['16 bits', '00000b01 00000002 8000 0102', 'int32', [-32768, 258]],
    ['32 bits', '00000c01 00000002 80000000 00000102', 'int32', [-(2 ** 31), 258]],
    ['float', '00000d01 00000002 3f800000 c0200000', 'float32', [1, -2.5]],
    ['double', '00000e01 00000002 3ff0000000000000 c004000000000000', 'float32', [1, -2.5]],
  ])('reads %s', async (_, file, dtype, values) => {
    const read = await readIdx(hex(file));
    expect([read.dtype, await read.toArray()]).toEqual([dtype, values]);
  });

  it('makes a data set together with its labels', async () => {
    const images = await readIdx(hex('00000803 00000002 00000001 00000002 00ff ff00'), { dtype: 'float32' });
    const labels = await readIdx(hex('00000801 00000002 0103'));
    const set = new TensorDataset(images.div(255).unsqueeze(1), labels);
    for await (const [x, y] of new DataLoader(set, { batchSize: 2 })) {
      expect([x!.shape, await x!.data(), await y!.toArray()]).toEqual([
        [2, 1, 1, 2],
        Float32Array.of(0, 1, 1, 0),
        [1, 3],
      ]);
    }
  });

  it.each([
    ['nothing', '', 'not an IDX file[^]*got {4}nothing'],
    ['text', '68656c6c6f', 'not an IDX file[^]*0x68 0x65 0x6c 0x6c'],
    ['an unknown type', '00000a01 00000000', 'not an IDX file[^]*0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e'],
    ['half a header', '00000803 0000', 'too short for an IDX header[^]*at least 16 bytes'],
    ['a value too few', '00000b01 00000002 000000', 'truncated, or its header lies[^]*12 bytes[^]*11'],
    ['a value too many', '00000801 00000001 0000', 'longer than its header says'],
    ['4 billion images', '00000803 ffffffff ffffffff ffffffff', 'truncated, or its header lies'],
    ['255 dimensions', '000008ff 00000001', 'too short for an IDX header[^]*1024 bytes'],
  ])('%s is refused', async (_, file, message) => {
    await expect(readIdx(hex(file), { name: 'x.idx' })).rejects.toThrow(DataFormatError);
    await expect(readIdx(hex(file), { name: 'x.idx' })).rejects.toThrow(new RegExp(`^x\\.idx: ${message}`));
  });

  it('any bytes end in a tensor or in an error of the library', async () => {
    const start = fc.constantFrom('00000801', '00000c02', '00000d00', '1f8b0800').map(hex);
    const files = fc.tuple(start, fc.uint8Array({ maxLength: 24 }));
    await fc.assert(
      fc.asyncProperty(files, async (parts) => {
        const failure = await readIdx(Buffer.concat(parts), { maxBytes: 1000 }).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toBeInstanceOf(DataFormatError);
      }),
    );
  });

  it('refuses arguments that do not fit', async () => {
    await expect(readIdx('file.idx' as never)).rejects.toThrow('the bytes of a file: a Uint8Array');
    await expect(readIdx(hex('00000801 00000001 00'), { dtype: 'bool' as never })).rejects.toThrow('dtype');
  });
});

describe('records of CSV files', () => {
  async function records(text: string, size = 1e6, delimiter = ','): Promise<unknown[]> {
    const found = [];
    for await (const record of csvRecords(stream(utf8(text), size), 'file', delimiter)) {
      found.push([record.line, ...Array.from({ length: record.length }, (_, at) => record.text(at))]);
    }
    return found;
  }

  it.each([1, 2, 3, 1e6])('are found in parts of %i bytes', async (size) => {
    const text = '\ufeffa,"b ""c"", d",é\r\n\r\n"two\r\nlines",,\n   \n"",x,"\u{1f600}"\r\nlast,"",';
    expect(await records(text, size)).toEqual([
      [1, 'a', 'b "c", d', 'é'],
      [3, 'two\r\nlines', '', ''],
      [6, '', 'x', '\u{1f600}'],
      [7, 'last', '', ''],
    ]);
  });

  it('may have another delimiter, and quotes within a field', async () => {
    expect(await records('a;b,c\n1 "x";2', 9, ';')).toEqual([
      [1, 'a', 'b,c'],
      [2, '1 "x"', '2'],
    ]);
  });

  it('keep what was written, in quotes, in parts of any size', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é') });
    const rows = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = rows.map((row) => row.map(quoted).join(',')).join('\r\n');
        expect((await records(text, size)).map((row) => (row as unknown[]).slice(1))).toEqual(rows);
      }),
    );
  });

  it.each([
    ['a quote without its end', 'a,b\n1,"2\n3', 'file: a quote without its end: line 2'],
    ['text behind a quote', 'a,b\n"1"2,3', 'file: text behind a closing quote: line 2'],
    ['a line without end', `a\n${'1'.repeat(8_500_000)}`, 'file: a line without end: line 2'],
    ['millions of empty fields', ','.repeat(9_000_000), 'file: a line without end: line 1'],
  ])('%s is refused', async (_, text, message) => {
    await expect(records(text)).rejects.toThrow(DataFormatError);
    await expect(records(text)).rejects.toThrow(message);
  });

  it('have the numbers that JavaScript reads in them', async () => {
    const texts = ['0', '255', '-3', '0.1', '.5', '5.', '-0.000123', '1e3', '+7', ' 8 ', '9007199254740993'];
    const others = ['', ' ', '-', '.', '1.2.3', '0x10', 'inf', 'nan', '1,2', '--1', '1e'];
    const more = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 200, seed: 1 });
    const all = [...texts, ...more.map(String), ...more.map((each) => each.toFixed(6))];
    const line = (fields: readonly string[]): string => fields.map((each) => `"${each}"`).join(',');
    for (const text of [all.join(','), line(all)]) {
      for await (const record of csvRecords(stream(utf8(text), 1e6), 'file')) {
        expect(all.map((_, at) => record.number(at))).toEqual(all.map(Number));
      }
    }
    for await (const record of csvRecords(stream(utf8(line(others)), 1e6), 'file')) {
      expect(others.map((_, at) => record.number(at))).toEqual(others.map(() => NaN));
    }
  });
});

describe('readCsv', () => {
  it('reads values and labels, plain or gzip', async () => {
    const text = utf8('pixel1,label,pixel2\r\n0,3,255\r\n1.5,0,-2\r\n');
    for (const source of [text, gzipSync(text), stream(text, 3)]) {
      const set = await readCsv(source);
      expect([set.columns, set.classes, set.length]).toEqual([['pixel1', 'pixel2'], [], 2]);
      const [values, labels] = set.tensors;
      expect([values!.dtype, await values!.toArray()]).toEqual([
        'float32',
        [
          [0, 255],
          [1.5, -2],
        ],
      ]);
      expect([labels!.dtype, await labels!.toArray()]).toEqual(['int32', [3, 0]]);
    }
  });

  it('gives samples the shape and the dtype that are wanted', async () => {
    const set = await readCsv(utf8('label,a,b,c,d\n1,1,2,3,4'), { shape: [1, 2, 2], dtype: 'uint8' });
    expect([set.tensors[0]!.dtype, set.tensors[0]!.shape]).toEqual(['uint8', [1, 1, 2, 2]]);
    for await (const [x, y] of new DataLoader(await readCsv(utf8('a,label\n1,2\n3,4')), { batchSize: 2 })) {
      expect([await x!.toArray(), await y!.toArray()]).toEqual([
        [[1], [3]],
        [2, 4],
      ]);
    }
  });

  it('turns names of classes into places, sorted or as they are given', async () => {
    const text = utf8('size,animal\n1,dog\n2,"cat, black"\n3,dog');
    const sorted = await readCsv(text, { label: 'animal' });
    expect([sorted.classes, await sorted.tensors[1]!.toArray()]).toEqual([
      ['cat, black', 'dog'],
      [1, 0, 1],
    ]);
    const given = await readCsv(text, { label: 1, classes: ['dog', 'cow', 'cat, black'] });
    expect([given.classes[1], await given.tensors[1]!.toArray()]).toEqual(['cow', [0, 2, 0]]);
  });

  it('takes other labels: fractions, none, and columns by place without a header', async () => {
    const prices = await readCsv(utf8('price,rooms\n1.5,3\n2,4'), { label: 'price' });
    expect([prices.tensors[1]!.dtype, await prices.tensors[1]!.toArray()]).toEqual(['float32', [1.5, 2]]);
    expect((await readCsv(utf8('label,a\n1,2'), { label: null })).tensors).toHaveLength(1);
    const bare = await readCsv(utf8('5;1;x;2\n6;3;y;4\n'), {
      header: false,
      label: 0,
      columns: [3, 1],
      delimiter: ';',
    });
    expect(bare.columns).toEqual(['3', '1']);
    expect(await bare.tensors[0]!.toArray()).toEqual([
      [2, 1],
      [4, 3],
    ]);
  });

  it.each<[string, string, object, RegExp]>([
    ['a value too few', 'label,a,b\n1,2,3\n\n1,2', {}, /line 4 has another number of fields[^]*3, as[^]*2$/],
    ['a value too many', 'label,a\n1,2,3', {}, /line 2 has another number of fields[^]*2, as[^]*3$/],
    ['an empty value', 'label,a\n1,', {}, /line 2, column a: no such value[^]*a number\n[^]*nothing/],
    ['text', 'label,a\n1,2\n1,abc', {}, /line 3, column a: no such value[^]*abc/],
    ['256 as a byte', 'label,a\n1,256', { dtype: 'uint8' }, /column a: [^]*from 0 to 255[^]*256/],
    ['a fraction as int32', 'label,a\n1,0.5', { dtype: 'int32' }, /whole number from -2147483648[^]*0\.5/],
    ['no label', 'label,a\n,2', {}, /line 2 has no label/],
    ['an unknown class', 'label,a\nx,1\nz,1', { classes: ['x', 'y'] }, /line 3 has an unknown class[^]*z/],
    ['nothing', '\n\n', {}, /empty/],
    ['a number beyond float32', 'label,a\n1,-1e39', {}, /line 2, column a: [^]*a float32 holds[^]*-1e39/],
    ['lines that end in CR alone', 'label,a\r1,2\r', {}, /lines end in CR alone/],
    ['more bytes than allowed', 'label,a\n1,2', { maxBytes: 9 }, /at most 9 bytes/],
  ])('%s is refused', async (_, text, options, message) => {
    const reading = readCsv(utf8(text), { name: 'some.csv', ...options });
    await expect(reading).rejects.toThrow(DataFormatError);
    await expect(reading).rejects.toThrow(new RegExp(`^some\\.csv: [^]*${message.source}`));
  });

  it('refuses names that are not UTF-8: different ones would become one class', async () => {
    const latin1 = Uint8Array.from(Buffer.from('label,a\n\u00e4,1\n\u00f6,2\n', 'latin1'));
    await expect(readCsv(latin1)).rejects.toThrow(/not UTF-8: line 2/);
    const utf16 = Uint8Array.from(Buffer.from('\ufefflabel,a\n1,2\n', 'utf16le'));
    await expect(readCsv(utf16)).rejects.toThrow(/not UTF-8: line 1/);
  });

  it('refuses options that do not fit the file', async () => {
    await expect(readCsv(utf8('label,a\nx,1'), { classes: ['x', 'y', 'x'] })).rejects.toThrow(/named twice/);
    const text = utf8('label,a,b\n1,2,3');
    await expect(readCsv(text, { label: 'class' })).rejects.toThrow(
      'no such column in CSV data\n  takes  a name or a place of the 3 columns: label, a, b\n  got    class',
    );
    await expect(readCsv(text, { columns: [3] })).rejects.toThrow('no such column');
    await expect(readCsv(text, { shape: [3] })).rejects.toThrow('the shape of the 2 columns');
    await expect(readCsv(text, { delimiter: '"' })).rejects.toThrow('one ASCII character');
  });
});
