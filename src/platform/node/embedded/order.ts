/** A name and a text. */
type Named = readonly [string, string];

/**
 * Puts each text behind the one with which it shares most of its statements. The module is sent compressed, and compressors look
 * back only so far for what they have seen before.
 */
export function alikeTogether(texts: readonly Named[]): Named[] {
  const statements = new Map(texts.map((each) => [each, statementsOf(each[1])]));
  const rest = [...texts];
  const ordered = rest.splice(0, 1);
  while (rest.length > 0) {
    const last = statements.get(ordered.at(-1)!)!;
    const shares = rest.map((each) => {
      const shared = [...statements.get(each)!].filter((statement) => last.has(statement));
      return shared.join('').length / each[1].length;
    });
    ordered.push(...rest.splice(shares.indexOf(Math.max(...shares)), 1));
  }
  return ordered;
}

/** The statements that are long enough to be worth a reference of a compressor. */
function statementsOf(text: string): Set<string> {
  return new Set(text.match(/[^;{}]{12,}[;{}]/g));
}
