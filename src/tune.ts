/** The command that measures which kernels are best on this adapter: see HELP. */
import type { WebGpuBackend } from './backend/webgpu/webgpu.ts';
import {
  Interrupted,
  interruptSignal,
  parseCommandLine,
  runCommand,
  takeCount,
  UsageError,
} from './pipeline/cli/commandLine.ts';
import { loadConfiguration } from './pipeline/config/configuration.ts';
import { launchesOf, type TunedLaunch } from './pipeline/diagnostics/tuning/launches.ts';
import { formatResult, storeChoices, tune } from './pipeline/diagnostics/tuning/tune.ts';
import './ops/methods.ts';

const HELP = `usage: npm run tune -- [configuration.yaml …] [key=value …] [options]

Measures, on this machine's WebGPU adapter, which kernel and which tile is the fastest for each shape of matrix product
and convolution that a training with these configurations consists of (default configs/mlp.yaml and configs/cnn.yaml), and
keeps what is faster than the built-in choice. Each choice has to compute what the plain kernel does. Every device that is
opened on this adapter from then on takes these choices; a run records them, and goes on with them, whatever is tuned
later. Sums in another order differ in the last bits: a tuning changes the bits of results, never from one launch to the
next.

The choices are in ~/.cache/wgrad/tuning/ (XDG_CACHE_HOME/wgrad/tuning/), a file for each adapter, driver and version of
the kernels. WGRAD_TUNING=<file> names another one, WGRAD_TUNING=none uses none. To undo a tuning, remove the file.

options
  --adapter <text>  take the adapter whose name contains this
  --seconds <n>     time for all comparisons together (default 300)
  --dry-run         measure and print, but keep nothing
  --help            print this

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (Ctrl-C; what was measured until then is kept)`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (process.env['WGRAD_TUNING'] === 'none' && !values['dry-run']) {
    throw new UsageError(
      'WGRAD_TUNING is none, so nothing would use the choices: unset it, or give --dry-run',
    );
  }
  const seconds = takeCount('--seconds', values.seconds) ?? 300;
  const launches = launchesFrom(positionals);
  const signal = interruptSignal();
  let done = 0;
  const outcome = await tune(launches, {
    adapter: values.adapter,
    seconds,
    signal,
    onStart: ({ description }: WebGpuBackend) =>
      process.stderr.write(`device  ${description}\nshapes  ${launches.length}, in ${seconds} s at most\n\n`),
    onResult: (shape, result) => {
      console.log(`${++done}/${launches.length}  ${formatResult(shape, result)}`);
    },
    onFailure: (shape, error) => process.stderr.write(`${shape}: left out: ${error.message}\n`),
  });
  const kept = values['dry-run'] ? 'kept    nothing: --dry-run' : `kept    ${await storeChoices(outcome)}`;
  process.stderr.write(`\n${kept}\n`);
  if (signal.aborted) {
    throw new Interrupted(`interrupted after ${outcome.measured} of ${launches.length} shapes`);
  }
}

/** The launches of all configurations, one for each class of shapes. */
function launchesFrom(words: readonly string[]): TunedLaunch[] {
  const overrides = words.filter((word) => word.includes('='));
  const named = words.filter((word) => !word.includes('='));
  const files = named.length > 0 ? named : ['configs/mlp.yaml', 'configs/cnn.yaml'];
  const all = files.flatMap((file) => launchesOf(loadConfiguration(file, overrides)));
  return [...new Map(all.map((launch) => [launch.shape, launch])).values()];
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      adapter: { type: 'string' },
      seconds: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

await runCommand(main, HELP);
