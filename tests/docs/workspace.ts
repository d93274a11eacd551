import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Block, Page } from './page.ts';

/** What commands of the documentation work on. */
const COPIED = [
  ...[
    '.dvc/config',
    '.dvcignore',
    'configs',
    'data/.gitignore',
    'data/raw.dvc',
    'data/processed',
    'dockerfiles',
  ],
  ...[
    'dvc.lock',
    'dvc.yaml',
    'kernels',
    'models',
    'package.json',
    'reports/figures',
    'scripts',
    'src',
    'tests',
  ],
  'tsconfig.json',
];

/** Copies what is worked on into an empty folder; packages and raw data are the project's own. */
export function fillWorkspace(folder: string): void {
  // Other runtimes' packages, in tests/, are 200 MB.
  const filter = (path: string): boolean => basename(path) !== 'node_modules';
  for (const path of COPIED) cpSync(path, join(folder, path), { recursive: true, filter });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  // The first program downloads the data through the link.
  mkdirSync('data/raw', { recursive: true });
  symlinkSync(resolve('data/raw'), join(folder, 'data/raw'), 'junction');
}

/** Makes a block's file or edit in a folder. */
export function applyBlock(folder: string, { language, path, text, where }: Block): void {
  const target = join(folder, path!);
  if (language !== 'diff') {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    return;
  }
  writeFileSync(target, edited(readFileSync(target, 'utf8'), text, where));
}

/** A text after the edits of a diff, whose pieces are divided by lines of … alone. */
function edited(original: string, diff: string, where: string): string {
  let [done, rest] = ['', original];
  for (const piece of diff.split(/^\s*…\n/m)) {
    const lines = piece.split('\n').filter((line) => line !== '');
    const pick = (signs: string): string =>
      lines
        .filter((line) => signs.includes(line[0]!))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const before = pick(' -');
    const place = rest.indexOf(before);
    if (place < 0) throw new Error(`${where}: no such lines in the file:\n${before}`);
    done += rest.slice(0, place) + pick(' +');
    rest = rest.slice(place + before.length);
  }
  return done + rest;
}

/** Throws unless a block quotes lines of its file, in their order; … alone on a line leaves some out. */
export function checkExcerpt({ path, text, where }: Block): void {
  const lines = readFileSync(path!, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  let from = 0;
  for (const piece of text.split(/^\s*(?:\/\/ )?…\n/m)) {
    const wanted = piece
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const found = lines.findIndex((_, at) => at >= from && wanted.every((line, i) => lines[at + i] === line));
    if (found < 0) throw new Error(`${where}: ${path} has no such lines any more:\n${piece}`);
    from = found + wanted.length;
  }
}

/** Whether a block quotes a file of the project, rather than making one. */
export function isExcerpt({ path, language }: Block): boolean {
  return path !== undefined && language !== 'diff' && existsSync(path);
}

/** The files that a page makes or changes. */
export function changedBy({ blocks }: Page): string[] {
  const changes = blocks.filter((block) => block.path !== undefined && !isExcerpt(block));
  return [...new Set(changes.map(({ path }) => path!))];
}
