/** The element of the page with an id. @throws Error if it is not of the kind */
export function byId<E extends Element>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** A new element with text and a class. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  { text, kind }: { text?: string; kind?: string } = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind !== undefined) element.className = kind;
  return element;
}

/** 0.8765 → 87.7 %. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** 0.42 → 0.4 s, 75 → 1:15 min. */
export function duration(seconds: number): string {
  if (seconds < 0.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}
