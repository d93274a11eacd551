import { beforeAll, describe, expect, it } from 'vitest';
import { DataFormatError, DataLoader, ImageFolder, type Picture } from '../../src/data/index.ts';
import { open, setDefaultDevice } from '../../src/index.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

/** A file whose bytes are width, height, and the pixels. */
const file = (path: string, ...bytes: number[]) => ({
  path,
  arrayBuffer: () => Promise.resolve(Uint8Array.from(bytes)),
});
const decode = ([width = 0, height = 0, ...data]: Uint8Array): Picture => ({
  width,
  height,
  data: Uint8Array.from(data),
});

describe('an ImageFolder', () => {
  it('sorts classes and pictures, and leaves out what is none', async () => {
    const files = [
      file('dog/b.png', 1, 1, 51),
      file('dog/a.JPG', 1, 1, 102),
      file('dog/.hidden.png'),
      file('.cache/x.png'),
      file('notes.png'),
      file('dog/notes.txt'),
      file('cat\\more\\1.webp', 1, 1, 255),
    ];
    const set = new ImageFolder(files, { decode, channels: 1 });
    expect(set.classes).toEqual(['cat', 'dog']);
    expect(set.samples).toEqual([
      { path: 'cat/more/1.webp', label: 0 },
      { path: 'dog/a.JPG', label: 1 },
      { path: 'dog/b.png', label: 1 },
    ]);
    const loader = new DataLoader(set, { batchSize: 3, prefetch: 1 });
    for await (const [images, labels] of loader) {
      expect([images.shape, await images.data(), labels.dtype, await labels.toArray()]).toEqual([
        [3, 1, 1, 1],
        Float32Array.of(1, 0.4, 0.2),
        'int32',
        [0, 1, 1],
      ]);
    }
  });

  it("takes a browser's files, whose paths begin with the folder", () => {
    const { arrayBuffer } = file('');
    const files = [{ webkitRelativePath: 'pets/cat/1.png', arrayBuffer, name: '1.png' }];
    expect(new ImageFolder(files, { decode }).samples).toEqual([{ path: 'cat/1.png', label: 0 }]);
  });

  it.each([
    ['grey', [51, 255], [51, 255, 51, 255, 51, 255]],
    ['grey with opacity', [51, 9, 255, 9], [51, 255, 51, 255, 51, 255]],
    ['colours', [1, 2, 3, 4, 5, 6], [1, 4, 2, 5, 3, 6]],
    ['colours with opacity', [1, 2, 3, 9, 4, 5, 6, 9], [1, 4, 2, 5, 3, 6]],
  ])('gives the colours of %s', async (_, data, bytes) => {
    const set = new ImageFolder([file('a/1.png', 2, 1, ...data)], { decode });
    const [image, label] = await set.get(0);
    expect([image.shape, label]).toEqual([[3, 1, 2], 0]);
    expect(await image.data()).toEqual(Float32Array.from(bytes, (each) => each / 255));
  });

  it('makes colours grey by their luma, and transforms images', async () => {
    const files = [file('a/1.png', 1, 1, 255, 0, 0)];
    const grey = new ImageFolder(files, { decode, channels: 1 });
    expect(await (await grey.get(0))[0].data()).toEqual(Float32Array.of(76 / 255));
    const doubled = new ImageFolder(files, { decode, transform: (image) => image.mul(2) });
    expect(await (await doubled.get(0))[0].toArray()).toEqual([[[2]], [[0]], [[0]]]);
  });

  it('names the picture that cannot be decoded', async () => {
    const failing = (): never => {
      throw new Error('bad header');
    };
    const read = (decode: (bytes: Uint8Array) => Picture): Promise<unknown> =>
      new ImageFolder([file('a/1.png', 2, 2, 1, 2, 3)], { decode }).get(0);
    await expect(read(failing)).rejects.toThrow(DataFormatError);
    await expect(read(failing)).rejects.toThrow(
      /^a\/1\.png: not a picture that can be decoded[^]*bad header/,
    );
    await expect(read(decode)).rejects.toThrow(
      /^a\/1\.png: not a decoded picture[^]*3 bytes for 2 × 2 pixels/,
    );
    await expect(read(() => ({ width: 0, height: 5, data: new Uint8Array(0) }))).rejects.toThrow('0 × 5');
    await expect(read(() => null as never)).rejects.toThrow(DataFormatError);
  });

  it('refuses what is no image folder', () => {
    expect(() => new ImageFolder([], { decode })).toThrow('no pictures');
    expect(() => new ImageFolder([file('1.png')], { decode })).toThrow('1 files, such as 1.png');
    expect(() => new ImageFolder([{ name: 'x' } as never], { decode })).toThrow(
      'a File, or { path, arrayBuffer }',
    );
    expect(() => new ImageFolder([file('a/1.png')])).toThrow('nothing decodes pictures in this runtime');
  });
});
