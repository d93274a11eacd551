import { fewLanesFor, fitOneWorkgroup, lanesFor, MOST_ROUNDS, rowsFor } from '../../../backend/lanes.ts';

/** The shortest rows of each number of lanes are among these. */
const LENGTHS = [1, ...Array.from({ length: 31 }, (_, power) => 2 ** power + 1)];

/** Every pair of lanes and rows that launches can choose: reductions with OUTPUTS, all others with ROWS. */
export function laneChoices(partner: 'ROWS' | 'OUTPUTS'): { lanes: number; rows: number }[] {
  const lanes = new Set(LENGTHS.map(partner === 'ROWS' ? fewLanesFor : lanesFor));
  return [...lanes].map((each) => ({ lanes: each, rows: rowsFor(each) }));
}

/** Every triple of lanes, rows and rounds with which a single workgroup takes all rows. */
export function roundChoices(): { lanes: number; rows: number; rounds: number }[] {
  return laneChoices('ROWS').flatMap(({ lanes, rows }) => {
    const shortest = LENGTHS.find((length) => fewLanesFor(length) === lanes)!;
    return Array.from({ length: MOST_ROUNDS }, (_, index) => index + 1)
      .filter((rounds) => fitOneWorkgroup(rounds * rows, shortest))
      .map((rounds) => ({ lanes, rows, rounds }));
  });
}
