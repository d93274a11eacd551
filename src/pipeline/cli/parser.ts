import { Command as Parser, CommanderError, Option as ParserOption } from 'commander';
import { UsageError } from '../text/didYouMean.ts';
import type { Command, CommandGroup, Help, Option } from './command.ts';
import { readValue } from './values.ts';

/** Exit codes of all commands, and their usual meaning. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage or configuration',
  130: 'interrupted by Ctrl-C or SIGTERM',
};

/** The usage of a command, one line for each way to call it. */
export function usageLines(program: string, description: Command | CommandGroup): string[] {
  const ways = description.usage ?? [usageOf(description)];
  return ways.map((way) => `${program} ${way}`.trimEnd());
}

/**
 * Reads the arguments of a command. After `--help` it prints the help and returns nothing.
 *
 * @throws UsageError where they do not fit
 */
export function parseArguments(
  program: string,
  command: Command,
  args: readonly string[],
): Record<string, unknown> | undefined {
  const parser = parserOf(program, command);
  try {
    parser.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(error.message.replace(/^error: /, ''));
  }
  return { ...readOptions(command, parser), ...readWords(command, parser.args) };
}

/** Prints the help of a group: its commands, and the options of all of them. */
export function printGroupHelp(program: string, group: CommandGroup): void {
  const parser = withHelp(new Parser(program), program, group);
  const names = Object.keys(group.commands);
  for (const [name, command] of Object.entries(group.commands)) {
    const [usage = ''] = usageLines(name, command);
    parser.argument(`[${usage.replace(' [options]', '')}]`, paragraphs(command.about));
  }
  const options = new Map(
    Object.values(group.commands).flatMap(({ options = {} }) => Object.entries(options)),
  );
  for (const [key, option] of options) {
    const users = names.filter((name) => group.commands[name]!.options?.[key] !== undefined);
    const prefix = users.length === names.length ? '' : `${users.join(', ')}: `;
    parser.addOption(parserOption(key, { ...option, help: prefix + option.help }));
  }
  parser.outputHelp();
}

function parserOf(program: string, command: Command): Parser {
  const parser = withHelp(new Parser(program), program, command).allowExcessArguments();
  for (const [name, { help, most }] of Object.entries(command.arguments ?? {})) {
    parser.argument(most > 1 ? `[${name}...]` : `[${name}]`, help);
  }
  for (const [key, option] of Object.entries(command.options ?? {})) {
    parser.addOption(parserOption(key, option));
  }
  return parser;
}

function withHelp(parser: Parser, program: string, description: Command | CommandGroup): Parser {
  return parser
    .description(paragraphs(description.about))
    .usage(
      usageLines(program, description)
        .map((line) => line.slice(program.length + 1))
        .join(`\n       ${program} `),
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', () => sections(program, description))
    .configureHelp({
      styleTitle: (title) =>
        'commands' in description && title === 'Arguments:' ? 'commands:' : title.toLowerCase(),
    })
    .configureOutput({
      getOutHelpWidth: () => Math.min(process.stdout.columns || 110, 120),
      writeErr: () => undefined,
    })
    .exitOverride();
}

function parserOption(key: string, { help, placeholder, default: value }: Option<unknown>): ParserOption {
  const option = new ParserOption([flagOf(key), placeholder].filter(Boolean).join(' '), help);
  if (placeholder !== undefined && value !== undefined)
    option.default(value, (value as string | number | readonly string[]).toString());
  return option;
}

/** `batchSize` is `--batch-size` on the command line. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function readOptions({ options = {} }: Command, parser: Parser): Record<string, unknown> {
  const given = parser.opts<Record<string, unknown>>();
  const isGiven = (key: string): boolean => parser.getOptionValueSource(key) === 'cli';
  const values = Object.entries(options).map(([key, option]) => {
    if (!isGiven(key)) return [key, option.default] as const;
    const flag = flagOf(key);
    if (option.with !== undefined && !isGiven(option.with)) {
      throw new UsageError(`${flag} goes with ${flagOf(option.with)} only`);
    }
    const text = given[key];
    if (typeof text !== 'string') return [key, text] as const;
    if (parser.options.some(({ long }) => long === text)) {
      throw new UsageError(`${flag} takes a value; got the option ${text}`);
    }
    return [key, readValue(flag, option.value!, text)] as const;
  });
  return Object.fromEntries(values);
}

function readWords(command: Command, words: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let rest = words;
  for (const [name, { help, least, most, read }] of Object.entries(command.arguments ?? {})) {
    const taken = rest.slice(0, most);
    rest = rest.slice(most);
    const shown = nameOf(name, command);
    if (taken.length < least) throw new UsageError(`missing argument ${shown}: ${help}`);
    values[name] = read(taken, shown);
  }
  if (rest.length > 0) throw new UsageError(`unexpected argument '${rest.join(' ')}'`);
  return values;
}

function usageOf(command: Command | CommandGroup): string {
  if ('commands' in command) return `${command.default === undefined ? '<command>' : '[command]'} [options]`;
  const names = Object.keys(command.arguments ?? {}).map((name) => nameOf(name, command));
  return [...names, '[options]'].join(' ');
}

/** `<run>`, or `[names...]` where none is needed. */
function nameOf(name: string, command: Command): string {
  const { least, most } = command.arguments![name]!;
  const text = most > 1 ? `${name}...` : name;
  return least > 0 ? `<${text}>` : `[${text}]`;
}

/** One line a paragraph, as the parser wraps them; blank lines stay. */
function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s+/g, ' '))
    .join('\n\n');
}

function sections(program: string, { notes, examples = [], exitCodes }: Help): string {
  const codes = Object.entries({ ...EXIT_CODES, ...exitCodes }).map(
    ([code, meaning]) => `${code.padEnd(5)}${meaning}`,
  );
  return [
    ...(examples.length > 0
      ? [
          section(
            'examples',
            examples.map((each) => `${program} ${each}`),
          ),
        ]
      : []),
    section('exit codes', codes),
    ...(notes ? [notes().trimEnd()] : []),
  ]
    .map((text) => `\n${text}`)
    .join('\n');
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
