import { Command as Parser, CommanderError, Option as ParserOption } from 'commander';
import { requireKnown, UsageError } from '../text/didYouMean.ts';
import { shellWord } from '../text/shellWord.ts';
import type { Command, CommandGroup, Option, Options } from './command.ts';
import { keysNamed } from './keyHelp.ts';
import { readValue } from './values.ts';

/** Earlier names of options. */
const RENAMED: Readonly<Record<string, string>> = { dir: 'runs', root: 'runs' };

/** What a command line calls: a command, or a group as a whole, whose help is wanted. */
export interface Call {
  /** How the command is called: `npx tsx src/data.ts fetch`. */
  readonly program: string;
  readonly description: Command | CommandGroup;
  /** The words that are not options. */
  readonly words: readonly string[];
  /** The given options: their text, or true for a switch. */
  readonly given: Readonly<Record<string, string | boolean>>;
}

/** Whether a description is that of a group. */
export function isGroup(description: Command | CommandGroup): description is CommandGroup {
  return 'commands' in description;
}

/** All options of a command, or of the commands of a group. */
export function optionsOf(description: Command | CommandGroup): Options {
  const all = isGroup(description) ? Object.values(description.commands) : [description];
  return Object.assign({}, ...all.map(({ options }) => options)) as Options;
}

/**
 * Finds out what a command line calls. Options may stand anywhere, before the name of a group's command too.
 *
 * @throws UsageError for an option or a command that there is not
 */
export function parse(program: string, description: Command | CommandGroup, args: readonly string[]): Call {
  const parser = new Parser().helpOption(false).option('-h, --help').allowExcessArguments();
  parser.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const [key, option] of Object.entries(optionsOf(description))) {
    parser.addOption(parserOption(key, option));
  }
  try {
    parser.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const hint = error.code === 'commander.unknownOption' ? optionHint(description, args) : undefined;
    // The parser's own guess is on a line of its own.
    const [message, guess = ''] = error.message.replace(/^error: /, '').split('\n');
    throw new UsageError(message! + (hint ?? guess.replace(/^\((.*)\)$/, '. $1')));
  }
  const call = { program, description, words: parser.args, given: parser.opts<Call['given']>() };
  if (!isGroup(description)) return call;
  const { commands, default: fallback } = description;
  const names = Object.keys(commands);
  const [name = call.given['help'] ? undefined : fallback, ...words] = call.words;
  if (name === undefined) {
    if (call.given['help']) return call;
    throw new UsageError(`missing command: ${names.join(', ')}`);
  }
  requireKnown('command', name, names);
  return { ...call, program: `${program} ${name}`, description: commands[name]!, words };
}

/**
 * The values of a command's arguments and options.
 *
 * @param group the group of the command
 * @throws UsageError where one is missing, does not fit, or belongs to another command
 */
export function readInput(
  command: Command,
  { words, given }: Call,
  group: Command | CommandGroup,
): Record<string, unknown> {
  const { options = {}, arguments: names = {} } = command;
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(given)) {
    const flag = flagOf(key);
    const option = options[key];
    if (!option) throw new UsageError(`${flag} goes with ${usersOf(key, group).join(', ')} only`);
    if (option.with !== undefined && given[option.with] === undefined) {
      throw new UsageError(`${flag} goes with ${flagOf(option.with)} only`);
    }
    const excluded = option.without?.find((other) => given[other] !== undefined);
    if (excluded !== undefined) throw new UsageError(`${flag} cannot be combined with ${flagOf(excluded)}`);
    if (typeof text === 'string' && Object.keys(options).some((other) => flagOf(other) === text)) {
      throw new UsageError(`${flag} takes a value; got the option ${text}`);
    }
  }
  for (const [key, { value, default: otherwise }] of Object.entries(options)) {
    const text = given[key] ?? otherwise;
    values[key] = value && key in given ? readValue(flagOf(key), value, String(text)) : text;
  }
  let rest = words;
  for (const [name, { help, least, most, read }] of Object.entries(names)) {
    const shown = argumentText(name, command);
    if (rest.length < least) throw new UsageError(`missing argument ${shown}: ${help}`);
    values[name] = read(rest.slice(0, most), shown);
    rest = rest.slice(most);
  }
  if (rest.length > 0) throw new UsageError(`unexpected argument '${rest.join(' ')}'`);
  return values;
}

/** What the first unknown option means: its present name, or a key of the configuration. */
function optionHint(description: Command | CommandGroup, args: readonly string[]): string | undefined {
  const options = optionsOf(description);
  const known = [...Object.keys(options), 'help'].map(flagOf);
  const at = args.findIndex((word) => /^--./.test(word) && !known.includes(word.split('=')[0]!));
  const [flag = '', ...rest] = (args[at] ?? '').split('=');
  const present = RENAMED[flag.slice(2)];
  if (present !== undefined && present in options) return `; its name is ${flagOf(present)}`;
  if (!description.takesKeys) return undefined;
  const value = rest.length > 0 ? rest.join('=') : args[at + 1];
  const overrides = keysNamed(flag.slice(2)).map(
    (key) => `${key}=${value === undefined ? '…' : shellWord(value)}`,
  );
  return overrides.length > 0 ? `; keys are set without dashes: ${overrides.join(' or ')}` : undefined;
}

/** `batchSize` is `--batch-size` on the command line. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The commands of a group that have an option. */
export function usersOf(key: string, group: Command | CommandGroup): string[] {
  const commands = Object.entries(isGroup(group) ? group.commands : {});
  return commands.filter(([, { options = {} }]) => key in options).map(([name]) => name);
}

export function parserOption(key: string, { help, placeholder }: Option<unknown>): ParserOption {
  return new ParserOption([flagOf(key), placeholder].filter(Boolean).join(' '), help);
}

/** `<run>`, or `[names...]` where none is needed. */
export function argumentText(name: string, command: Command): string {
  const { least, most } = command.arguments![name]!;
  const text = most > 1 ? `${name}...` : name;
  return least > 0 ? `<${text}>` : `[${text}]`;
}
