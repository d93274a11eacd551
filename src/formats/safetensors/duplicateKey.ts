/**
 * The first key that an object in `json` contains twice, or undefined. `JSON.parse` silently keeps the last value.
 * `json` must be valid JSON, so only strings and brackets need to be recognised.
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let last = '';
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '"': {
        const end = stringEnd(json, at);
        last = json.slice(at, end);
        at = end - 1;
        break;
      }
      case '{':
        open.push(new Set());
        break;
      case '}':
        open.pop();
        break;
      case ':': {
        // Parsed, because "a" and "\u0061" are the same key.
        const key = JSON.parse(last) as string;
        const seen = open.at(-1)!;
        if (seen.has(key)) return key;
        seen.add(key);
      }
    }
  }
  return undefined;
}

/** The position after the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
