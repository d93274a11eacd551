import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOME } from '../runtimes/share.ts';
import type { Block } from './page.ts';

/** A command of a page: what is run in its place, or undefined where it is only looked at. */
export interface Command {
  readonly text: string;
  readonly run: string | undefined;
  /** Whether it goes on until it is told to stop. */
  readonly serves: boolean;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** Not run here: `.ci/run` runs them, or they take long. */
const LOOKED_AT =
  /^(npm (ci|test)\b|sudo bash |npm run (verify|typecheck|test|build|docs|hooks|containers|check)\b)/;

/** What is added to a command; its own words stay as they are. The service takes a free port, as 8000 may be in use. */
const ADDED: readonly (readonly [RegExp, string])[] = [
  [/^npx tsx src\/api\.ts/, '--port 0'],
  [/^curl /, '--fail --silent --show-error --max-time 60'],
  ...(SOME ? [[/^npx tsx src\/train\.ts configs\/(?!.*limitTrain)/, 'train.limitTrain=6000'] as const] : []),
];

/** The commands of a `sh` block. Comments are left out, and a backslash joins lines. */
export function commandsOf({ text, where }: Block): Command[] {
  return text
    .replace(/ *\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s+)# .*$/, '').split(' && '))
    .filter((line) => line !== '')
    .map((line) => commandOf(line, where));
}

function commandOf(text: string, where: string): Command {
  const script = /^npm run ([\w:]+)(?: -- | )?(.*)$/.exec(text);
  if (script && !scripts[script[1]!]) throw new Error(`${where}: there is no npm script ${script[1]}`);
  if (LOOKED_AT.test(text)) return { text, run: undefined, serves: false };
  const typed = script ? `${scripts[script[1]!]!.replace(/^tsx/, 'npx tsx')} ${script[2]!}` : text;
  const plain = typed.replace(/^node --import tsx/, 'npx tsx');
  if (!/^(npx tsx |curl |node )/.test(plain)) throw new Error(`${where}: how is this to be run? ${text}`);
  const added = ADDED.filter(([pattern]) => pattern.test(plain)).map(([, words]) => words);
  return {
    text,
    run: [plain.replace(/^npx tsx/, '"$NODE" --import tsx'), ...added].join(' '),
    serves: /^npx tsx src\/api\.ts(?!.*--help)/.test(plain),
  };
}

/** Files of the project that a text names and that are not there. */
export function missingFiles(text: string, folder: string): string[] {
  const named = text.match(/(?<![\w./-])(src|scripts|configs|dockerfiles|kernels|tests)\/[\w./-]+\w/g) ?? [];
  return named.filter((path) => !existsSync(join(folder, path)));
}
