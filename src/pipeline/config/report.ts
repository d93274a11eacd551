import type { z } from 'zod';
import { nearestName, plainName } from '../text/didYouMean.ts';
import { valueText } from '../text/valueText.ts';
import { type KeyPath, pathText, valueAt } from './error.ts';
import { type KnownKey, knownKeys } from './keys.ts';

/** A problem with one key. */
interface Problem {
  readonly path: KeyPath;
  readonly what?: string;
  readonly takes: string;
  readonly got: unknown;
  readonly hint?: string | undefined;
}

/**
 * The problems that zod found in `root`, the whole configuration, as text. `locate` returns where a key was written
 * (`mlp.yaml:12:3`).
 */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  locate: (path: KeyPath) => string | undefined,
): string[] {
  return issues
    .flatMap((issue) => problemsOf(issue, root))
    .map((problem) => {
      const where = locate(problem.path);
      const head = pathText(problem.path) || 'the file';
      return [
        `  ${head}${where ? ` (${where})` : ''}${problem.what ? `: ${problem.what}` : ''}`,
        `    takes  ${problem.takes}`,
        `    got    ${valueText(problem.got)}`,
        ...(problem.hint ? [`    hint   ${problem.hint}`] : []),
      ].join('\n');
    });
}

function problemsOf(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...issue.path, key], root));
  }
  const got = valueAt(root, issue.path);
  const known = keyAt(issue.path, root);
  const missing = got === undefined ? { what: 'missing' } : {};
  if (!known) return [{ path: issue.path, ...missing, takes: sectionTakes(issue.path, root), got }];
  const problem: Problem = {
    path: issue.path,
    ...missing,
    takes: issue.code === 'custom' ? issue.message : known.takes,
    got,
    hint: didYouMean(got, known.choices),
  };
  const undecided = issue.code === 'invalid_union' && issue.discriminator !== undefined;
  return undecided ? [problem, ...orphans(issue.path, root)] : [problem];
}

/** The keys that no variant has, which zod does not check where `name` is wrong. */
function orphans(namePath: KeyPath, root: unknown): Problem[] {
  const section = namePath.slice(0, -1);
  const known = siblings(section, root);
  return Object.keys(valueAt(root, section) as object)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey([...section, key], root));
}

function unknownKey(path: KeyPath, root: unknown): Problem {
  const section = path.slice(0, -1);
  const near = didYouMean(path.at(-1), siblings(section, root), pathText(section));
  return {
    path,
    what: 'unknown key',
    takes: sectionTakes(section, root),
    got: valueAt(root, path),
    hint: near ?? belongsElsewhere(path),
  };
}

/** The known key at `path`, or the one whose list holds it. */
function keyAt(path: KeyPath, root: unknown): KnownKey | undefined {
  const text = pathText(path);
  return applicable(root).find((key) => text === key.path || text.startsWith(`${key.path}.`));
}

/** The keys of the chosen variants; of all variants where the choice is invalid. */
function applicable(root: unknown): KnownKey[] {
  const keys = knownKeys();
  return keys.filter(({ variant }) => {
    if (!variant) return true;
    const chosen = valueAt(root, variant.path.split('.'));
    const valid = keys.find((key) => key.path === variant.path)!.choices;
    return chosen === variant.value || !valid.includes(String(chosen));
  });
}

function siblings(section: KeyPath, root: unknown): string[] {
  const prefix = section.map((key) => `${String(key)}.`).join('');
  const names = applicable(root)
    .filter((key) => key.path.startsWith(prefix))
    .map((key) => key.path.slice(prefix.length).split('.')[0]!);
  return [...new Set(names)];
}

function sectionTakes(section: KeyPath, root: unknown): string {
  return `${section.length > 0 ? 'a section with' : 'the keys'} ${siblings(section, root).join(', ')}`;
}

function didYouMean(got: unknown, choices: readonly string[], section = ''): string | undefined {
  const unknown = typeof got === 'string' && !choices.includes(got);
  const near = unknown ? nearestName(got, choices) : undefined;
  return near && `did you mean ${section ? `${section}.` : ''}${near}?`;
}

function belongsElsewhere(path: KeyPath): string | undefined {
  const name = plainName(String(path.at(-1)));
  const other = knownKeys().find((key) => plainName(key.path.split('.').at(-1)!) === name);
  if (!other) return undefined;
  const condition = other.variant ? ` with ${other.variant.path}: ${other.variant.value}` : '';
  return `there is ${other.path}${condition}`;
}
