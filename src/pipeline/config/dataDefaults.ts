/** The name of the data set itself, of which no version can have it. */
export const SOURCE_NAME = 'fashion-mnist';

/** What versions may be called: also names of files, and safe as such. */
export const VARIANT_NAME: RegExp = /^[a-z0-9](?:[a-z0-9_-]|\.(?!dvc$)(?=[a-z0-9])){0,99}$/;

/** Least and greatest share of an image that random erasing covers; PyTorch's RandomErasing has the same. */
export const ERASE_AREA: readonly [number, number] = [0.02, 0.33];
