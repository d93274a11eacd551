/** Data sets, and the batches that programs train on. */
export { collate } from './collate.ts';
export { DataLoader, type LoaderOptions, type LoaderState } from './dataLoader.ts';
export { type Dataset, randomSplit, Subset, TensorDataset } from './dataset.ts';
