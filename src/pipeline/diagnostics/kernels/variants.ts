import { columnLanes, HEAD_LANES, rowsFor, WIDEST_HEAD } from '../../../backend/lanes.ts';
import { codes } from '../../../backend/signatures.ts';
import type { KernelSignature } from '../../../platform/kernels.ts';
import { laneChoices, roundChoices } from './laneChoices.ts';
import { blocks, loadsOf } from '../../../backend/webgpu/tuning/blocks.ts';
import { rowChoices } from '../tuning/candidates.ts';

/** Values for some of a kernel's constants and aliases. */
export type KnobValues = Readonly<Record<string, number | boolean | string>>;

const ELEMENTS = ['f32', 'i32', 'u32'];

/** What launches choose where the rules of `choices` below would be wrong. */
const SPECIAL: Readonly<Record<string, Readonly<Record<string, readonly KnobValues[]>>>> = {
  argreduce: { Element: elements('f32', 'i32') },
  attention: headKnobs(),
  attentionGradient: headKnobs(),
  binary: { Element: elements('f32', 'i32') },
  // TO_BOOL and FLOAT_TO_INTEGER follow from the pair.
  cast: {
    From: [
      ...ELEMENTS.flatMap((From) =>
        ELEMENTS.map((To) => ({
          From,
          To,
          TO_BOOL: To === 'u32',
          FLOAT_TO_INTEGER: From === 'f32' && To === 'i32',
        })),
      ),
      { From: 'f16', To: 'f32', TO_BOOL: false, FLOAT_TO_INTEGER: false },
    ],
    To: [{}],
    TO_BOOL: [{}],
    FLOAT_TO_INTEGER: [{}],
  },
  copy: { Element: elements('u32', 'f16') },
  crossEntropy: {
    LANES: [
      ...laneChoices('ROWS').map(({ lanes, rows }) => lossKnobs({ lanes, rows, rounds: 1 }, false, false)),
      ...roundChoices().flatMap((lanes) => [lossKnobs(lanes, true, false), lossKnobs(lanes, true, true)]),
    ],
    ROUNDS: [{}],
    TOTAL: [{}],
    MEAN: [{}],
  },
  matmul: { TILE_ROWS: rowChoices('matmul') },
  matmulSubgroup: { TILE_ROWS: rowChoices('matmulSubgroup'), TILE_LOAD: [{}] },
  conv2dInputGradientWorkgroup: blockKnobs(),
  conv2dWeightGradientWorkgroup: blockKnobs(),
  conv2dWorkgroup: blockKnobs(),
  matmulWorkgroup: {
    ...blockKnobs(),
    Word: [
      { Factor: 'f32', Word: 'f32', TILE_WORD: 1 },
      { Factor: 'f32', Word: 'vec4f', TILE_WORD: 4 },
      { Factor: 'f16', Word: 'f16', TILE_WORD: 1 },
      { Factor: 'f16', Word: 'vec4h', TILE_WORD: 4 },
    ],
    Factor: [{}],
    TILE_WORD: [{}],
  },
  reduce: { Element: elements('f32', 'i32') },
  scan: {
    Element: elements('f32', 'i32'),
    // Products have one lane.
    SCALED: [
      ...[false, true].map((SHIFTED) => ({ SCALED: true, SHIFTED, LANES: 1, ROWS: rowsFor(1) })),
      ...laneChoices('ROWS').map(({ lanes, rows }) => ({
        SCALED: false,
        SHIFTED: true,
        LANES: lanes,
        ROWS: rows,
      })),
    ],
    SHIFTED: [{}],
    LANES: [{}],
  },
  reluGradientSums: { LANES: [true, false].map(columnLanes), COLUMNS: [{}] },
};

/** Heads of up to WIDEST_HEAD columns. */
function headKnobs(): Record<string, readonly KnobValues[]> {
  const parts = [1, 2, 4, 8, 16].filter((TILE_PARTS) => 4 * HEAD_LANES.LANES * TILE_PARTS <= WIDEST_HEAD);
  return {
    LANES: parts.map((TILE_PARTS) => ({ ...HEAD_LANES, TILE_PARTS })),
    ROWS: [{}],
    TILE_PARTS: [{}],
    FORM: Object.values(codes.attention).map((FORM) => ({ FORM })),
  };
}

/** More rounds than one, and means, are for totals alone. */
function lossKnobs(
  { lanes, rows, rounds }: { lanes: number; rows: number; rounds: number },
  TOTAL: boolean,
  MEAN: boolean,
): KnobValues {
  return { LANES: lanes, ROWS: rows, ROUNDS: rounds, TOTAL, MEAN };
}

/** A block's constants go together. */
function blockKnobs(): Record<string, readonly KnobValues[]> {
  const values = blocks.map((block) => ({ ...block, TILE_LOADS: loadsOf(block) }));
  const [first, ...others] = Object.keys(values[0]!);
  return { [first!]: values, ...Object.fromEntries(others.map((knob) => [knob, [{}]])) };
}

function elements(...names: readonly string[]): KnobValues[] {
  return names.map((Element) => ({ Element }));
}

/**
 * Every variant of a kernel that the library launches: all codes, element types, ranks, lanes and flags that its file
 * lets one choose, in every combination. Other constants, such as sizes of a launch's operands, of which there is no
 * end, stay as the file has them, unless they are listed above.
 *
 * The one place that lists them: the inspector compiles these, and a test checks that launches take no others.
 */
export function launchedVariants(kernel: string, signature: KernelSignature): KnobValues[] {
  const combined = knobsOf(signature).reduce<KnobValues[]>(
    (variants, knob) => {
      const chosen = choices(kernel, knob, signature) ?? [{}];
      return variants.flatMap((variant) => chosen.map((choice) => ({ ...variant, ...choice })));
    },
    [{}],
  );
  if (!signature.overrides.has('FLOATING') || !signature.aliases.has('Element')) return combined;
  return combined.map((variant) => ({ ...variant, FLOATING: variant['Element'] === 'f32' }));
}

/** The constants and aliases whose every value is listed; the others are open. */
export function closedKnobs(kernel: string, signature: KernelSignature): string[] {
  const listed = knobsOf(signature).flatMap((knob) => choices(kernel, knob, signature) ?? []);
  return [...new Set(listed.flatMap((choice) => Object.keys(choice))), 'FLOATING'].filter((knob) =>
    knobsOf(signature).includes(knob),
  );
}

function knobsOf({ overrides, constants, aliases }: KernelSignature): string[] {
  const tiles = [...constants.keys()].filter((name) => name.startsWith('TILE_'));
  return [...overrides.keys(), ...tiles, ...aliases.keys()];
}

/** The values that launches choose for a knob, each with what follows from it; undefined where there is no end of them. */
function choices(
  kernel: string,
  knob: string,
  { overrides, constants, aliases }: KernelSignature,
): readonly KnobValues[] | undefined {
  const special = SPECIAL[kernel]?.[knob];
  if (special) return special;
  switch (knob) {
    case 'RANK':
      return [1, 2, 3, 4].map((RANK) => ({ RANK }));
    case 'OPERATION':
    case 'FORM':
      return [...constants]
        .filter(([name]) => !name.startsWith('TILE_'))
        .map(([, code]) => ({ [knob]: code }));
    case 'LANES': {
      // Without a partner, lanes are the kernel's own business.
      const partner = (['ROWS', 'OUTPUTS'] as const).find((name) => overrides.has(name));
      return partner === undefined
        ? undefined
        : laneChoices(partner).map(({ lanes, rows }) => ({ LANES: lanes, [partner]: rows }));
    }
    case 'Factor':
      return [{ Factor: 'f32' }, { Factor: 'f16' }];
    case 'FLOATING':
      if (aliases.has('Element')) return [{}]; // follows from it
  }
  if (aliases.has(knob)) return ELEMENTS.map((element) => ({ [knob]: element }));
  if (overrides.get(knob) === 'bool') return [false, true].map((value) => ({ [knob]: value }));
  return undefined;
}
