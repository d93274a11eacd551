/** A fenced block of a page, as markdown-it has it. */
interface Fence {
  readonly type: string;
  readonly info: string;
  readonly content: string;
}

/** What a page's program needs that a browser does not have. */
const NODE_ONLY = /\bprocess\.|\bBuffer\b|SafetensorsFile\b/;

/** Whether the blocks of a page are programs of a reader, by its path in docs/. */
export function hasPrograms(path: string): boolean {
  return /^(guide\/|internals\/autograd)/.test(path);
}

/**
 * Whether the block at an index gets a button that runs it: a part of the page's program that needs nothing but `wgrad`, as all
 * parts before it do, and whose output stands below it.
 */
export function isRunnable(tokens: readonly Fence[], index: number): boolean {
  const next = tokens.slice(index + 1).find(({ type }) => type === 'fence');
  if (!isProgram(tokens[index]!) || next?.info !== 'text output') return false;
  return tokens
    .slice(0, index + 1)
    .filter(isProgram)
    .every(runsInBrowsers);
}

/** The parts of the page's program up to an index: a block needs the variables of those before it. */
export function programUpTo(tokens: readonly Fence[], index: number): string[] {
  return tokens
    .slice(0, index + 1)
    .filter(isProgram)
    .map(({ content }) => content);
}

function isProgram({ type, info }: Fence): boolean {
  return type === 'fence' && info.trim() === 'ts';
}

function runsInBrowsers({ content }: Fence): boolean {
  const imported = [...content.matchAll(/\bfrom '([^']+)'/g)].map(([, module]) => module);
  return imported.every((module) => module === 'wgrad') && !NODE_ONLY.test(content);
}
