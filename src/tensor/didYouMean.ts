/**
 * `; did you mean 'stride'?` for a misspelt name; nothing if no known name is near. `pad_value` is near `padValue`.
 */
export function didYouMean(got: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, edits: editsBetween(plain(got), plain(name)) }))
    .filter(({ name, edits }) => edits <= Math.ceil(Math.max(got.length, name.length) / 3))
    .sort((left, right) => left.edits - right.edits);
  return nearest ? `; did you mean '${nearest.name}'?` : '';
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** Levenshtein's distance: the fewest letters to insert, delete or replace. */
function editsBetween(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + Number(left[i - 1] !== right[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
