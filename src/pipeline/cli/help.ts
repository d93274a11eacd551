import { Command as Parser } from 'commander';
import type { Command, CommandGroup } from './command.ts';
import { argumentText, isGroup, optionsOf, parserOption, usersOf } from './parse.ts';

/** Exit codes of all commands, and their usual meaning. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage or configuration',
  130: 'interrupted by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP',
};

/** How a command is called, a line for each way. */
export function usageText(program: string, description: Command | CommandGroup): string {
  return `usage: ${program} ${waysOf(description).join(`\n       ${program} `)}`;
}

/**
 * The help of a command, or of a group: usage, what it does, its arguments or commands, its options with their defaults,
 * examples, exit codes.
 */
export function helpText(program: string, description: Command | CommandGroup): string {
  const { examples = [], exitCodes, notes } = description;
  const parser = new Parser(program)
    .usage(waysOf(description).join(`\n       ${program} `))
    .description(paragraphs(description.about))
    .helpOption('-h, --help', 'print this help')
    .configureOutput({ getOutHelpWidth: () => Math.min(process.stdout.columns || 110, 120) })
    .configureHelp({
      styleTitle: (title) =>
        isGroup(description) && title === 'Arguments:' ? 'commands:' : title.toLowerCase(),
    });
  for (const [name, help] of placesOf(description)) parser.argument(`[${name}]`, paragraphs(help));
  const commands = isGroup(description) ? Object.keys(description.commands) : [];
  for (const [key, option] of Object.entries(optionsOf(description))) {
    const users = usersOf(key, description);
    const prefix = users.length < commands.length ? `${users.join(', ')}: ` : '';
    const shown = parserOption(key, { ...option, help: prefix + option.help });
    // A list is shown as its names, separated by commas.
    if (option.value && option.default !== undefined) shown.default(option.default, option.default as string);
    parser.addOption(shown);
  }
  const codes = Object.entries({ ...EXIT_CODES, ...exitCodes });
  return [
    parser.helpInformation(),
    ...section(
      'examples',
      examples.map((each) => `${program} ${each}`),
    ),
    ...section(
      'exit codes',
      codes.map(([code, meaning]) => `${code.padEnd(5)}${meaning}`),
    ),
    ...(notes ? [`${notes().trimEnd()}\n`] : []),
  ].join('\n');
}

function waysOf(description: Command | CommandGroup): readonly string[] {
  if (description.usage) return description.usage;
  const command = isGroup(description) && (description.default === undefined ? '<command>' : '[command]');
  const names = isGroup(description) ? [command] : namesOf(description);
  return [[...names, '[options]'].join(' ')];
}

function namesOf(command: Command): string[] {
  return Object.keys(command.arguments ?? {}).map((name) => argumentText(name, command));
}

/** What stands at the places of a command's words: its arguments, or the commands of a group; each with its help. */
function placesOf(description: Command | CommandGroup): [string, string][] {
  if (!isGroup(description)) {
    return Object.entries(description.arguments ?? {}).map(([name, { help }]) => [name, help]);
  }
  return Object.entries(description.commands).map(([name, command]) => {
    const words = command.usage?.[0]?.replace(' [options]', '') ?? namesOf(command).join(' ');
    return [`${name} ${words}`.trim(), command.about];
  });
}

/** One line a paragraph, which is wrapped later; blank lines stay. */
function paragraphs(text: string): string {
  const lines = text.trim().split(/\n\s*\n/);
  return lines.map((paragraph) => paragraph.trim().replaceAll(/\s+/g, ' ')).join('\n\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[`${title}:`, ...lines.map((line) => `  ${line}`), ''].join('\n')];
}
