import { existsSync } from 'node:fs';
import { compareWithPointer } from './dvc/compare.ts';
import { hashDirectory } from './dvc/hash.ts';
import { findPointer, type Pointer, pointerPath } from './dvc/pointer.ts';
import { formatStatus, inspectFiles } from './status.ts';
import { PUBLISHED } from './version.ts';

/** What a folder of data holds, checksums included, and how it differs from the version of its pointer file. */
export async function folderText(root: string): Promise<string> {
  const states = await inspectFiles(root);
  const pointer = await findPointer(root);
  if (states.every(({ state }) => state === 'missing') && existsSync(root)) return ownText(root, pointer);
  const status = formatStatus(states);
  if (pointer === undefined) {
    return `${status}\n\n${pointerPath(root)}: not there, so the folder has no version`;
  }
  const differences = await compareWithPointer(root, pointer, [PUBLISHED.files]);
  const lines = differences.map(({ state, problem }) => `  ${state.padEnd(7)}  ${problem}`);
  return [
    `${status}\n`,
    `${pointerPath(root)}: ${pointer.md5}, ${pointer.nfiles} files, ${pointer.size} bytes`,
    ...(lines.length > 0 ? lines : ['  the folder holds this version']),
  ].join('\n');
}

/** What a folder of the user's own data holds. */
async function ownText(root: string, pointer: Pointer | undefined): Promise<string> {
  const { md5, nfiles, size } = await hashDirectory(root);
  const differences = pointer === undefined ? [] : await compareWithPointer(root, pointer);
  const known = pointer === undefined ? 'not there, so any version is accepted' : pointer.md5;
  return [
    `${root}: ${md5}, ${nfiles} files, ${size} bytes; none of Fashion-MNIST's`,
    `${pointerPath(root)}: ${known}`,
    ...differences.map(({ state, problem }) => `  ${state.padEnd(7)}  ${problem}`),
  ].join('\n');
}

/** Whether a folder of data is what it should be: `problems` has a line for each file that is not. */
export interface FolderCheck {
  readonly problems: readonly string[];
  /** What is intact, for people. */
  readonly text: string;
}

/** Compares a folder with its pointer file; without one, with the published files. */
export async function checkFolder(root: string): Promise<FolderCheck> {
  const intact = (files: number | undefined): string => `${root}: all ${files} files are intact`;
  const pointer = await findPointer(root);
  if (pointer === undefined) {
    const states = await inspectFiles(root);
    return { problems: states.flatMap(({ problem }) => problem ?? []), text: intact(states.length) };
  }
  const differences = await compareWithPointer(root, pointer, [PUBLISHED.files]);
  return {
    problems: differences.map(({ problem }) => problem),
    text: `${intact(pointer.nfiles)}\n${pointerPath(root)}: ${pointer.md5}`,
  };
}
