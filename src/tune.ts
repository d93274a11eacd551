/** The command that measures which kernels are fastest on this adapter. */
import { command, flag, list, option } from './pipeline/cli/command.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { typedPath } from './pipeline/cli/folder.ts';
import { adapter, json, printJson } from './pipeline/cli/shared.ts';
import { wholeNumber } from './pipeline/cli/values.ts';
import { UsageError } from './pipeline/text/didYouMean.ts';
import { Interruption } from './pipeline/training/errors.ts';

const tuneKernels = command({
  about: `
    Measures which kernel and which tile is fastest on this machine's WebGPU adapter, for each shape of matrix product and
    convolution in a training with these configurations, and stores the choices that beat the built-in ones. A candidate
    whose result differs from the plain kernel's is rejected. Devices opened on this adapter afterwards use the stored
    choices. A run records the choices it used, and keeps them when it is resumed.

    A tuning can change the last bits of results, because sums are taken in another order. Results stay equal from one
    launch to the next.

    The choices are stored in ~/.cache/wgrad/tuning/ (XDG_CACHE_HOME/wgrad/tuning/), one file for each adapter, driver
    and version of the kernels. Remove the file to undo a tuning. WGRAD_TUNING=<file> names another file;
    WGRAD_TUNING=none uses none.`,
  usage: ['[configuration.yaml...] [key=value...] [options]'],
  arguments: {
    words: list('configuration files (default: configs/mlp.yaml and configs/cnn.yaml), and overrides'),
  },
  options: {
    adapter,
    seconds: option('<n>', wholeNumber(), 'time for all comparisons together', { default: 300 }),
    dryRun: flag('measure and print, but store nothing'),
    json,
  },
  examples: ['configs/cnn.yaml train.batchSize=256 --seconds 120'],
  exitCodes: { 130: 'interrupted by Ctrl-C; what was measured is stored' },
  takesKeys: true,
  run: async ({ words, adapter, seconds, dryRun, json }) => {
    if (process.env['WGRAD_TUNING'] === 'none' && !dryRun) {
      throw new UsageError(
        'WGRAD_TUNING is none, so the choices would not be used: unset it, or give --dry-run',
      );
    }
    const { configuredLaunches } = await import('./pipeline/diagnostics/tuning/launches.ts');
    const { formatResult, storeChoices, tune } = await import('./pipeline/diagnostics/tuning/tune.ts');
    const signal = interruptSignal();
    const launches = await configuredLaunches(words.map(typed), signal);
    let done = 0;
    const outcome = await tune(launches, {
      adapter,
      seconds,
      signal,
      onStart: ({ description }) =>
        process.stderr.write(
          `device  ${description}\nshapes  ${launches.length}, in at most ${seconds} s\n\n`,
        ),
      onResult: (shape, result) => {
        const stream = json ? process.stderr : process.stdout;
        stream.write(`${++done}/${launches.length}  ${formatResult(shape, result)}\n`);
      },
      onFailure: (shape, error) => process.stderr.write(`${shape}: left out: ${error.message}\n`),
    });
    const kept = dryRun ? 'kept    nothing: --dry-run' : `kept    ${await storeChoices(outcome)}`;
    process.stderr.write(`\n${kept}\n`);
    if (json)
      printJson({ ...outcome, shapes: launches.length, choices: Object.fromEntries(outcome.choices) });
    if (signal.aborted) {
      const done = `${outcome.measured} of ${launches.length} shapes`;
      throw new Interruption(`interrupted after ${done}`, { cause: signal.reason });
    }
  },
});

/** A configuration file, typed relative to the folder of the call; overrides stay. */
function typed(word: string): string {
  return word.includes('=') ? word : typedPath(word);
}

await runCommand('npm run tune --', tuneKernels);
