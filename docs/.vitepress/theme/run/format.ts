/** Longer lists and objects go over several lines, as in Node. */
const WIDTH = 72;

/** What lies deeper is not printed, as in Node. */
const DEPTH = 2;

/** An argument of console.log as text, as Node prints it. */
export function format(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, []);
}

/** @param around the lists and objects that the value lies in */
function inspect(value: unknown, around: readonly unknown[]): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const elements = [...(value as unknown as Iterable<unknown>)].map((element) => inspect(element, around));
    return enclosed(`${value.constructor.name}(${elements.length}) `, '[]', elements);
  }
  if (!Array.isArray(value) && !isPlain(value)) return String(value);
  if (around.includes(value)) return '[Circular]';
  const isDeep = around.length > DEPTH && Object.keys(value).length > 0;
  if (isDeep) return Array.isArray(value) ? '[Array]' : '[Object]';
  const within = [...around, value];
  if (Array.isArray(value)) {
    const elements = value.map((element) => inspect(element, within));
    return enclosed('', '[]', elements);
  }
  const members = Object.entries(value).map(([key, member]) => `${key}: ${inspect(member, within)}`);
  return enclosed('', '{}', members);
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
