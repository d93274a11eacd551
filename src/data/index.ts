/** Data sets, and the batches that programs train on. */
export type { ByteSource, FileLike } from './bytes.ts';
export { collate, type Collated } from './collate.ts';
export { CsvDataset, type CsvOptions, readCsv } from './csv.ts';
export { DataLoader, type LoaderOptions, type LoaderState } from './dataLoader.ts';
export { type Dataset, randomSplit, Subset, TensorDataset } from './dataset.ts';
export { DataFormatError } from './formatError.ts';
export { type IdxOptions, readIdx } from './idx.ts';
export { type ImageFile, ImageFolder, type ImageFolderOptions } from './imageFolder.ts';
export type { Decode, Picture } from './picture.ts';
