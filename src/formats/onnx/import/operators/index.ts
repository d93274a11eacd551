import type { Operators } from '../call.ts';
import { elementwise } from './elementwise.ts';
import { layers } from './layers.ts';
import { reductions } from './reductions.ts';
import { resizing } from './resize.ts';
import { shapes } from './shapes.ts';

/** How each operator is computed, by its name in the standard. */
export const operators: Operators = { ...elementwise, ...layers, ...reductions, ...resizing, ...shapes };
