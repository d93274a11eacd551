import { elementwise } from './elementwise.ts';
import { layers } from './layers.ts';
import type { Rules } from './rule.ts';
import { shapes } from './shapes.ts';

/** How each operation is written, by the name under which it is recorded. */
export const rules: Rules = { ...elementwise, ...layers, ...shapes };
