import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AdapterError, WgradError } from '../../../src/backend/errors.ts';
import {
  argument,
  command,
  type CommandGroup,
  flag,
  list,
  option,
} from '../../../src/pipeline/cli/command.ts';
import { execute } from '../../../src/pipeline/cli/run.ts';
import { milliseconds, oneOf, text, wholeNumber } from '../../../src/pipeline/cli/values.ts';
import { ConfigurationError } from '../../../src/pipeline/config/error.ts';
import { FinishedError, Interruption } from '../../../src/pipeline/training/errors.ts';

const printed = { stdout: '', stderr: '' };
beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    printed[name] = '';
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += String(chunk);
      return true;
    });
  }
});

afterEach(() => void vi.restoreAllMocks());

/** Called with what the commands get. */
const received = vi.fn<(...input: unknown[]) => void>();
function note(...input: unknown[]): Promise<void> {
  received(...input);
  return Promise.resolve();
}

const one = command({
  about: 'Does one thing.\n\n   Takes its time.',
  arguments: { run: argument('the run'), others: list('more runs') },
  options: {
    batchSize: option('<n>', wholeNumber(1, 64), 'images', { default: 32 }),
    delay: option('<ms>', milliseconds(), 'a pause', { with: 'slow' }),
    device: option('<name>', oneOf(['webgpu', 'cpu']), 'where'),
    slow: flag('with a pause'),
    fast: flag('at once', { without: ['slow', 'delay'] }),
  },
  examples: ['latest --slow'],
  exitCodes: { 0: 'everything is well' },
  notes: () => 'notes: these',
  run: (input) => note(input),
});
const group: CommandGroup = {
  about: 'Does two things.',
  default: 'list',
  commands: {
    list: command({
      about: 'List them.',
      options: { dir: option('<folder>', text, 'where'), reverse: flag('backwards') },
      run: (input) => note('list', input),
    }),
    show: command({
      about: 'Show one.',
      arguments: { name: argument('its name') },
      options: { dir: option('<folder>', text, 'where') },
      run: (input) => note('show', input),
    }),
  },
};

function failing(error: unknown): ReturnType<typeof command> {
  return command({ about: 'Fails.', run: (): Promise<void> => Promise.reject(error as Error) });
}

describe('a command', () => {
  it('gets the values of its arguments and options', async () => {
    expect(await execute('one', one, ['a', '--batch-size', '8', 'b', '--slow', '--delay=0', 'c'])).toBe(0);
    const input = {
      run: 'a',
      others: ['b', 'c'],
      batchSize: 8,
      delay: 0,
      device: undefined,
      slow: true,
      fast: false,
    };
    expect(received).toHaveBeenLastCalledWith(input);
    await execute('one', one, ['a']);
    expect(received).toHaveBeenLastCalledWith({
      ...input,
      others: [],
      batchSize: 32,
      delay: undefined,
      slow: false,
    });
    expect(printed).toEqual({ stdout: '', stderr: '' });
  });

  it.each([
    [[], 'missing argument <run>: the run'],
    [['a', '--batchsize', '3'], 'Did you mean --batch-size?'],
    [['a', '--batch-size', '0'], "--batch-size takes a whole number from 1 to 64; got '0'"],
    [['a', '--batch-size', '1e1'], "--batch-size takes a whole number from 1 to 64; got '1e1'"],
    [['a', '--batch-size', '--slow'], '--batch-size takes a value; got the option --slow'],
    [['a', '--batch-size'], '--batch-size <n>'],
    [['a', '--device', 'gpu'], "--device takes webgpu or cpu; got 'gpu'. Did you mean webgpu?"],
    [['a', '--delay', '5'], '--delay goes with --slow only'],
    [['a', '--slow=yes'], '--slow'],
    [['a', '--slow', '--fast'], '--fast cannot be combined with --slow'],
  ])('refuses %j with one message, the usage line and exit code 2', async (args, message) => {
    received.mockClear();
    expect(await execute('one', one, args)).toBe(2);
    expect(printed.stderr.split('\n')[0]! + printed.stderr.split('\n')[1]!).toContain(message);
    expect(printed.stderr).toContain('usage: one <run> [others...] [options]\n');
    expect(printed.stderr.split('\n').length).toBeLessThan(7);
    expect(printed.stdout).toBe('');
    expect(received).not.toHaveBeenCalled();
  });

  it('says what an unknown option means: its present name, or a key of the configuration', async () => {
    const runs = option('<folder>', text, 'where');
    const trains = command({
      about: 'Trains.',
      takesKeys: true,
      arguments: { words: list('overrides') },
      options: { runs },
      run: (input) => note(input),
    });
    const refusal = async (...args: string[]): Promise<string> => {
      printed.stderr = '';
      expect(await execute('train', trains, args)).toBe(2);
      return printed.stderr.split('\n')[1]!;
    };
    expect(await refusal('--dir', 'x')).toBe(
      "error: unknown option '--dir'; its name is --runs (see --help)",
    );
    expect(await refusal('--root=x')).toContain('its name is --runs');
    const epochs = 'keys are set without dashes: train.epochs=3 (see --help)';
    expect(await refusal('--epochs', '3')).toBe(`error: unknown option '--epochs'; ${epochs}`);
    expect(await refusal('a.yaml', '--epochs=3')).toContain(epochs);
    expect(await refusal('--batch-size', '64')).toContain('train.batchSize=64');
    expect(await refusal('--optimizer.lr', '0.1')).toContain('dashes: optimizer.lr=0.1 (');
    expect(await refusal('--hidden', '[1, 2]')).toContain("model.hidden='[1, 2]'");
    expect(await refusal('--epochs')).toContain('train.epochs=…');
    expect(await refusal('--name', 'x')).toMatch(/: name=x or data\.name=x or /);
    expect(await refusal('--nonsense')).toBe("error: unknown option '--nonsense' (see --help)");
  });

  it('explains one key of the configuration, or a section', async () => {
    const trains = command({ about: 'Trains.', takesKeys: true, run: () => note() });
    const help = async (key: string): Promise<string> => {
      printed.stdout = '';
      expect(await execute('train', trains, ['--help', key])).toBe(0);
      return printed.stdout;
    };
    const epochs = await help('train.epochs');
    expect(epochs).toMatch(
      /^train\.epochs\n {4}Passes over the training set\.\n {4}whole number ≥ 1; default 10\n/,
    );
    expect(epochs).toMatch(/\nother keys of train:\n {2}train\.maxMinutes .*; optional\n/);
    expect(await help('epochs')).toBe(epochs);
    expect(await help('optimizer.lr')).toMatch(/with optimizer\.name=adam\)[^]*with optimizer\.name=sgd\)/);
    expect((await help('schedule')).match(/^schedule\.\w+$/gm)).toContain('schedule.stepSize');
    printed.stderr = '';
    expect(await execute('train', trains, ['--help', 'train.epoch'])).toBe(2);
    expect(printed.stderr).toContain("unknown key 'train.epoch'. Did you mean train.epochs?");
  });

  it('prints its help, with defaults, examples and exit codes', async () => {
    expect(await execute('one', one, ['--help'])).toBe(0);
    expect(printed.stderr).toBe('');
    expect(printed.stdout).toBe(`usage: one <run> [others...] [options]

Does one thing.

Takes its time.

arguments:
  run               the run
  others            more runs

options:
  --batch-size <n>  images (default: 32)
  --delay <ms>      a pause
  --device <name>   where
  --slow            with a pause
  --fast            at once
  -h, --help        print this help

examples:
  one latest --slow

exit codes:
  0    everything is well
  1    failed
  2    wrong usage or configuration
  130  interrupted by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP

notes: these
`);
  });

  it.each([
    [new WgradError('no adapter'), 1],
    [new ConfigurationError('no key'), 2],
    [new Interruption('stopped'), 130],
    [new Interruption('stopped', { signal: 'SIGTERM' }), 143],
    [new Interruption('stopped', { cause: new Interruption('', { signal: 'SIGHUP' }) }), 129],
    [new FinishedError('is finished'), 0],
  ])('prints the message of %o alone, and ends with %i', async (error, code) => {
    expect(await execute('fails', failing(error), [])).toBe(code);
    expect(printed).toEqual({ stdout: '', stderr: `${error.message}\n` });
  });

  it('adds what the repository has to a missing adapter', async () => {
    expect(await execute('fails', failing(new AdapterError('no adapter')), [])).toBe(1);
    expect(printed.stderr).toMatch(/^no adapter\n.*src\/doctor\.ts.*install-software-driver\.sh.*\n$/);
  });

  it.each([new TypeError('x is undefined'), 'a text'])(
    'prints all that is known of an unexpected error, and that it is a bug: %o',
    async (error) => {
      expect(await execute('fails', failing(error), [])).toBe(1);
      expect(printed.stderr).toContain(error instanceof Error ? '    at ' : 'a text');
      expect(printed.stderr).toContain('This is a bug in wgrad.');
    },
  );
});

describe('a group of commands', () => {
  it.each([
    [['show', 'x', '--dir', 'd'], 'show', { name: 'x', dir: 'd' }],
    [['--dir', 'show', 'show', 'x'], 'show', { name: 'x', dir: 'show' }],
    [['--dir=d', 'show', 'x'], 'show', { name: 'x', dir: 'd' }],
    [['--reverse', '--dir', 'd'], 'list', { dir: 'd', reverse: true }],
    [[], 'list', { dir: undefined, reverse: false }],
  ])('runs the command that %j names', async (args, name, input) => {
    expect(await execute('two', group, args)).toBe(0);
    expect(received).toHaveBeenLastCalledWith(name, input);
  });

  it.each([
    [['lst'], "unknown command 'lst'. Did you mean list?", 'usage: two [command] [options]'],
    [['show', 'x', 'y'], "unexpected argument 'y'", 'usage: two show <name> [options]'],
    [['--reverse', 'show', 'x'], '--reverse goes with list only', 'usage: two show <name> [options]'],
  ])('refuses %j with exit code 2', async (args, message, usage) => {
    expect(await execute('two', group, args)).toBe(2);
    expect(printed.stderr).toContain(message);
    expect(printed.stderr).toContain(usage);
  });

  it('asks for a command where there is no default', async () => {
    expect(await execute('two', { about: 'Two.', commands: group.commands }, [])).toBe(2);
    expect(printed.stderr).toContain('missing command: list, show');
  });

  it('explains all commands and options together, and each alone', async () => {
    expect(await execute('two', group, ['--help'])).toBe(0);
    expect(printed.stdout).toContain(`commands:
  list            List them.
  show <name>     Show one.

options:
  --dir <folder>  where
  --reverse       list: backwards
`);
    printed.stdout = '';
    expect(await execute('two', group, ['show', '--help'])).toBe(0);
    expect(printed.stdout).toMatch(/^usage: two show <name> \[options\]\n/);
    expect(printed.stdout).not.toContain('--reverse');
  });
});
