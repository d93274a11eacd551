/** The parts of a module that its text shows. */
interface Shown {
  extraRepr(): string;
  namedChildren(): [string, Shown][];
}

/**
 * A module and its children as nested lines, exactly as PyTorch prints them.
 *
 * @param above the modules around it, which a child may refer to
 */
export function moduleText(module: Shown, above: readonly Shown[] = []): string {
  const extra = module.extraRepr();
  const extraLines = extra === '' ? [] : extra.split('\n');
  const childLines = module
    .namedChildren()
    .filter(([, child]) => child !== module && !above.includes(child))
    .map(([name, child]) => `(${name}): ${moduleText(child, [...above, module]).replaceAll('\n', '\n  ')}`);
  const lines = [...extraLines, ...childLines];
  const { name } = module.constructor;
  if (lines.length === 0) return `${name}()`;
  if (extraLines.length === 1 && childLines.length === 0) return `${name}(${extra})`;
  return `${name}(\n  ${lines.join('\n  ')}\n)`;
}

/** Values that PyTorch prints for its modules. */
export type PythonValue = number | boolean | string | readonly PythonValue[] | null | undefined;

/**
 * Keyword arguments as Python writes them, with names in snake case. Undefined values are left out.
 *
 * @example keywords({ inFeatures: 2, bias: true }); // in_features=2, bias=True
 */
export function keywords(values: Readonly<Record<string, PythonValue>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${snakeCase(name)}=${pythonText(value)}`)
    .join(', ');
}

/** A value as Python's `repr` prints it. A list is printed as a tuple, and `1e-05` has two digits in its exponent. */
export function pythonText(value: PythonValue): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number') return numberText(value);
  const items = value.map(pythonText);
  return items.length === 1 ? `(${items[0]!},)` : `(${items.join(', ')})`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0 || Math.abs(value) >= 1e-4) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}

/** `runningMean` in PyTorch's form, `running_mean`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
