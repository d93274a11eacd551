import type { Rows } from './cases.ts';
import { binary } from './rows/binary.ts';
import { compositions } from './rows/compositions.ts';
import { convolutions } from './rows/convolution.ts';
import { layouts } from './rows/layouts.ts';
import { losses } from './rows/losses.ts';
import { networks } from './rows/networks.ts';
import { norms } from './rows/norms.ts';
import { pooling } from './rows/pooling.ts';
import { products } from './rows/products.ts';
import { reductions } from './rows/reductions.ts';
import { scans } from './rows/scans.ts';
import { scatters } from './rows/scatters.ts';
import { sorts } from './rows/sorts.ts';
import { unary } from './rows/unary.ts';

/** Every exported operation and how it is checked. An operation without a row does not compile. */
export const table: Rows = {
  ...unary,
  ...binary,
  ...compositions,
  ...reductions,
  ...scans,
  ...scatters,
  ...sorts,
  ...layouts,
  ...convolutions,
  ...losses,
  ...products,
  ...pooling,
  ...norms,
  ...networks,
};
