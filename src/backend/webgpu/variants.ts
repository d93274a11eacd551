import type { KernelSignature } from '../reflection.ts';
import { laneChoices } from './geometry.ts';

/** Values for some of a kernel's constants and aliases. */
export type KnobValues = Readonly<Record<string, number | boolean | string>>;

const ELEMENTS = ['f32', 'i32', 'u32'];

/** What launches choose where the rules of `choices` below would be wrong. */
const SPECIAL: Readonly<Record<string, Readonly<Record<string, readonly KnobValues[]>>>> = {
  argreduce: { Element: elements('f32', 'i32') },
  binary: { Element: elements('f32', 'i32') },
  // TO_BOOL and FLOAT_TO_INTEGER follow from the pair.
  cast: {
    From: ELEMENTS.flatMap((From) =>
      ELEMENTS.map((To) => ({
        From,
        To,
        TO_BOOL: To === 'u32',
        FLOAT_TO_INTEGER: From === 'f32' && To === 'i32',
      })),
    ),
    To: [{}],
    TO_BOOL: [{}],
    FLOAT_TO_INTEGER: [{}],
  },
  matmulSubgroup: { TILE_ROWS: [8, 16, 32].map((TILE_ROWS) => ({ TILE_ROWS })) },
  reduce: { Element: elements('f32', 'i32') },
};

function elements(...names: readonly string[]): KnobValues[] {
  return names.map((Element) => ({ Element }));
}

/**
 * Every variant of a kernel that the library launches: all codes, element types, ranks and lanes that its file lets one
 * choose, in every combination. Constants that are not named here stay as the file has them.
 *
 * The one place that lists them: the inspector compiles these, and a test checks that launches take no others.
 */
export function launchedVariants(kernel: string, signature: KernelSignature): KnobValues[] {
  const { overrides, constants, aliases } = signature;
  const tiles = [...constants.keys()].filter((name) => name.startsWith('TILE_'));
  const knobs = [...overrides.keys(), ...tiles, ...aliases.keys()];
  const combined = knobs.reduce<KnobValues[]>(
    (variants, knob) => {
      const chosen = SPECIAL[kernel]?.[knob] ?? choices(knob, signature);
      return variants.flatMap((variant) => chosen.map((choice) => ({ ...variant, ...choice })));
    },
    [{}],
  );
  if (!overrides.has('FLOATING')) return combined;
  return combined.map((variant) => ({ ...variant, FLOATING: variant.Element === 'f32' }));
}

function choices(knob: string, { overrides, constants, aliases }: KernelSignature): KnobValues[] {
  switch (knob) {
    case 'RANK':
      return [1, 2, 3, 4].map((RANK) => ({ RANK }));
    case 'OPERATION':
    case 'FORM':
      return [...constants]
        .filter(([name]) => !name.startsWith('TILE_'))
        .map(([, code]) => ({ [knob]: code }));
    case 'LANES':
      return laneChoices().map(({ lanes, rows }) => ({
        LANES: lanes,
        ...(overrides.has('ROWS') ? { ROWS: rows } : {}),
        ...(overrides.has('OUTPUTS') ? { OUTPUTS: rows } : {}),
      }));
    case 'FLOATING':
      return [{}]; // follows from Element
  }
  if (aliases.has(knob)) return ELEMENTS.map((element) => ({ [knob]: element }));
  if (overrides.get(knob) === 'bool') return [false, true].map((value) => ({ [knob]: value }));
  return [{}];
}
