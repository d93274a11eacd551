import { KernelError } from '../../../backend/errors.ts';

/** Values for a kernel's constants and aliases, by name; those left out are as its file declares them. */
export type KernelSettings = Readonly<Record<string, number | boolean | string | undefined>>;

interface Layout {
  size: number;
  align: number;
}

/**
 * The constant expressions and types of one WGSL file: what wgsl_reflect leaves open because it depends on overrides,
 * namely workgroup sizes and workgroup memory.
 *
 * @throws KernelError for an expression or a type that kernels have had no need of so far
 */
export class WgslConstants {
  readonly #source: string;
  readonly #settings: KernelSettings;

  constructor(source: string, settings: KernelSettings = {}) {
    this.#source = withoutComments(source);
    this.#settings = settings;
  }

  /** The invocations of a workgroup, by dimension. */
  workgroupSize(): [number, number, number] {
    const [, list = ''] = /@workgroup_size\(([^)]*)\)/.exec(this.#source) ?? [];
    const [x = 1, y = 1, z = 1] = list
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => this.evaluate(part));
    return [x, y, z];
  }

  /** Bytes of workgroup memory, each variable rounded up to 16 as WebGPU counts them. */
  workgroupMemory(): number {
    const types = workgroupVariables(this.#source).map(({ type }) => type);
    return types.reduce((sum, type) => sum + roundUp(this.layout(type).size, 16), 0);
  }

  /** The value of an integer expression: numbers, names, + - * / % and parentheses. */
  evaluate(expression: string): number {
    const tokens = expression.match(/0x[\da-f]+|\d+|[A-Za-z_]\w*|\S/gi) ?? [];
    // `8u` is a number and its suffix.
    const parts = tokens.filter((token, at) => !(/^[ui]$/.test(token) && /^\d/.test(tokens[at - 1] ?? '')));
    let at = 0;
    const unknown = (): KernelError => new KernelError(`cannot evaluate '${expression.trim()}'`);
    const atom = (): number => {
      const token = parts[at++];
      if (token === undefined) throw unknown();
      if (token === '(') {
        const inner = sum();
        if (parts[at++] !== ')') throw unknown();
        return inner;
      }
      if (token === '-') return -atom();
      if (/^\d/.test(token)) return Number(token);
      if (!/^\w/.test(token) || parts[at] === '(') throw unknown();
      return this.#named(token);
    };
    const product = (): number => {
      let value = atom();
      for (let sign = parts[at]; sign === '*' || sign === '/' || sign === '%'; sign = parts[at]) {
        at++;
        const next = atom();
        value = sign === '*' ? value * next : sign === '/' ? Math.trunc(value / next) : value % next;
      }
      return value;
    };
    const sum = (): number => {
      let value = product();
      for (let sign = parts[at]; sign === '+' || sign === '-'; sign = parts[at]) {
        at++;
        const next = product();
        value = sign === '+' ? value + next : value - next;
      }
      return value;
    };
    const value = sum();
    if (at < parts.length) throw unknown();
    return value;
  }

  /** Size and alignment of a type, in bytes: WGSL, 14.4.1. */
  layout(type: string): Layout {
    const text = type.replace(/\s+/g, '');
    const scalar = { f32: 4, i32: 4, u32: 4, bool: 4, f16: 2 }[text];
    if (scalar !== undefined) return { size: scalar, align: scalar };
    const [, inner] = /^atomic<(.+)>$/.exec(text) ?? [];
    if (inner !== undefined) return this.layout(inner);
    const [, lanes, element = '', suffix = ''] = /^vec(\d)(?:<(.+)>|([fiuh]))$/.exec(text) ?? [];
    if (lanes !== undefined) return this.#vector(Number(lanes), element || `${suffix}32`);
    const [, columns, rows, cell = '', short = ''] = /^mat(\d)x(\d)(?:<(.+)>|([fh]))$/.exec(text) ?? [];
    if (columns !== undefined) {
      const column = this.#vector(Number(rows), cell || `${short}32`);
      return { size: Number(columns) * roundUp(column.size, column.align), align: column.align };
    }
    const [, item, count] = /^array<(.+),([^,]+)>$/.exec(text) ?? [];
    if (item !== undefined) {
      const { size, align } = this.layout(item);
      return { size: roundUp(size, align) * this.evaluate(count!), align };
    }
    return this.#declared(text);
  }

  #vector(lanes: number, element: string): Layout {
    const { size } = this.layout(element === 'h32' ? 'f16' : element);
    return { size: lanes * size, align: (lanes === 3 ? 4 : lanes) * size };
  }

  /** An alias or a struct of the file. */
  #declared(name: string): Layout {
    const [, stands] = RegExp(`\\balias\\s+${name}\\s*=\\s*([^;]+);`).exec(this.#source) ?? [];
    if (stands !== undefined) return this.layout(String(this.#settings[name] ?? stands));
    const [, body] = RegExp(`\\bstruct\\s+${name}\\s*\\{([^}]*)\\}`).exec(this.#source) ?? [];
    if (body === undefined) throw new KernelError(`the size of '${name}' is not known`);
    let size = 0;
    let align = 1;
    for (const [, type] of body.matchAll(/\w+\s*:\s*(\w+(?:<[^:]*>)?)\s*(?:,|$)/g)) {
      const member = this.layout(type!);
      size = roundUp(size, member.align) + member.size;
      align = Math.max(align, member.align);
    }
    return { size: roundUp(size, align), align };
  }

  #named(name: string): number {
    const set = this.#settings[name];
    if (set !== undefined) return Number(set);
    const declared = defaultOf(this.#source, name);
    if (declared === undefined) throw new KernelError(`'${name}' is no constant with a value`);
    return declared === 'true' ? 1 : declared === 'false' ? 0 : this.evaluate(declared);
  }
}

/** What an `override` or a `const` is declared to be, as text. */
export function defaultOf(source: string, name: string): string | undefined {
  const declaration = RegExp(`^\\s*(?:override|const)\\s+${name}\\s*(?::\\s*\\w+)?\\s*=\\s*([^;]+);`, 'm');
  return declaration.exec(source)?.[1]?.trim();
}

/** The `var<workgroup>` declarations of a file. */
export function workgroupVariables(source: string): { name: string; type: string }[] {
  return [...withoutComments(source).matchAll(/var<workgroup>\s+(\w+)\s*:\s*([^;]+);/g)].map(
    ([, name, type]) => ({ name: name!, type: type!.trim() }),
  );
}

function withoutComments(source: string): string {
  return source.replace(/\/\/.*$/gm, '');
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
