/** Longer lists and objects go over several lines, as in Node. */
const WIDTH = 72;

/** An argument of console.log as text, as Node prints it. */
export function format(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}

function inspect(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return enclosed('', '[]', value.map(inspect));
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const elements = [...(value as unknown as Iterable<unknown>)];
    return enclosed(`${value.constructor.name}(${elements.length}) `, '[]', elements.map(inspect));
  }
  if (isPlain(value)) {
    const members = Object.entries(value).map(([key, member]) => `${key}: ${inspect(member)}`);
    return enclosed('', '{}', members);
  }
  return String(value);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function enclosed(name: string, brackets: '[]' | '{}', parts: readonly string[]): string {
  const [open, close] = brackets;
  if (parts.length === 0) return name + brackets;
  const line = `${name}${open} ${parts.join(', ')} ${close}`;
  if (line.length <= WIDTH) return line;
  const indented = parts.map((part) => `  ${part.replaceAll('\n', '\n  ')}`);
  return `${name}${open}\n${indented.join(',\n')}\n${close}`;
}
