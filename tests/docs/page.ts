import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import MarkdownIt from 'markdown-it';

/**
 * A fenced block of a page. Its info string says what it is:
 *
 *     ts                   a part of the page's program: all of them together, in their order
 *     ts src/ops/mul.ts    a file: its own lines, or a new one where there is none; likewise yaml and wgsl
 *     diff src/pipeline/models/buildModel.ts   an edit of a file
 *     yaml                 a configuration
 *     sh                   commands; sh fails: some that do not work, on purpose
 *     text output          what the block before prints; … stands for anything
 *     … not-run: reason    none of these
 */
export interface Block {
  /** The info string. */
  readonly info: string;
  readonly language: string;
  readonly path: string | undefined;
  /** What stands behind the language, unless it is a path. */
  readonly note: string;
  readonly text: string;
  /** `docs/index.md:12`. */
  readonly where: string;
}

/** A link of a page, as it is written. */
export interface Link {
  readonly target: string;
  readonly where: string;
}

export interface Page {
  readonly file: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  /** Ids of its headings. */
  readonly anchors: ReadonlySet<string>;
}

const markdown = new MarkdownIt({ html: true });

/** The README and all pages of `docs/` that are written by hand. */
export function readPages(): Page[] {
  const files = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const written = files.filter((file) => file.endsWith('.md') && !/^(api|\.vitepress)\//.test(file)).sort();
  return ['README.md', ...written.map((file) => join('docs', file))].map(readPage);
}

function readPage(file: string): Page {
  const text = readFileSync(file, 'utf8');
  // The place of VitePress's front matter stays empty, so that line numbers are right.
  const body = text.replace(/^---\n.*?\n---\n/s, (front) => front.replace(/[^\n]/g, ''));
  const blocks: Block[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  const tokens = markdown.parse(body, {});
  for (const [index, token] of tokens.entries()) {
    const where = `${file}:${(token.map?.[0] ?? 0) + 1}`;
    if (token.type === 'fence') blocks.push(block(token.info, token.content, where));
    if (token.type === 'code_block') blocks.push(block('', token.content, where));
    if (token.type === 'heading_open') anchors.add(slug(tokens[index + 1]!.content));
    for (const child of token.children ?? []) {
      const target = child.attrGet(child.type === 'image' ? 'src' : 'href');
      if (target !== null) links.push({ target, where });
    }
  }
  for (const [, target] of text.matchAll(/^ +(?:link|src): (\S+)$/gm))
    links.push({ target: target!, where: file });
  return { file, blocks, links, anchors };
}

function block(info: string, text: string, where: string): Block {
  const [language = '', ...rest] = info.trim().split(/\s+/);
  const note = rest.join(' ');
  const path = /^[\w./-]+\.\w+$/.test(note) ? note : undefined;
  return { info, language, path, note: path ? '' : note, text, where };
}

/** A heading's id, as VitePress and GitHub make it of plain words. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** What an output has to be like: … stands for anything. */
export function outputPattern(text: string): RegExp {
  const pattern = text
    .trimEnd()
    .split(/(^\s*…$|…)/m)
    .map((part) => (part.trim() === '…' ? '[^]*?' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^\\s*${pattern}\\s*$`);
}
