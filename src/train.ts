/** The command that trains a classifier from a configuration file: see help. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WgradError } from './backend/errors.ts';
import { interruptSignal } from './pipeline/cli/commandLine.ts';
import {
  ConfigurationError,
  describeConfiguration,
  loadConfiguration,
  printConfiguration,
} from './pipeline/config/configuration.ts';
import { DataError } from './pipeline/data/errors.ts';
import { StepProfiler } from './pipeline/diagnostics/profiling/stepProfiler.ts';
import { FinishedError, Interruption } from './pipeline/training/errors.ts';
import { type FinishedRun, resumeRun, startRun } from './pipeline/experiment/run.ts';
import { sweep } from './pipeline/sweep/command.ts';

/** Made when it is asked for: to describe all keys takes a while. */
const help = (): string => `usage: npx tsx src/train.ts <configuration.yaml> [key=value …] [options]
       npx tsx src/train.ts --resume <run> [key=value …]
       npx tsx src/train.ts <configuration.yaml> --sweep key=value,value… [key=…] [--random N] [--jobs N]

Trains a Fashion-MNIST classifier as the file says, and tests it. Keys on the command line override the file's:

  npx tsx src/train.ts configs/mlp.yaml train.epochs=3 optimizer.lr=0.01 device=cpu seed=7

A run that was stopped, in whatever way, goes on from its last checkpoint and ends as if it had never stopped:

  npx tsx src/train.ts --resume latest

A file can extend others: extends: base.yaml, or a list of them; later values win.

A sweep trains once for each combination of values, and ends with a table, the best first:

  npx tsx src/train.ts configs/mlp.yaml --sweep optimizer.lr=1e-3,3e-4 model.hidden=[128],[256,128] train.epochs=3

It goes on where it was when it is called again; what is finished is not trained again. With --random, values can be
drawn: optimizer.lr=log(1e-4,1e-2), model.dropout=uniform(0,0.5), schedule.stepSize=int(1,5).

options
  --resume RUN     go on with a run: its id, its folder, or latest; a finished one takes a greater train.epochs
  --sweep          train for all combinations of values
  --random N       train for N combinations drawn at random, by the configuration's seed
  --jobs N         trainings at a time in a sweep (default 1)
  --verify-capture N
                   compare every N-th replayed step with the step itself, bit by bit; the training ends where they differ
  --profile        time the kernels of some steps after the first 20, print a table at the end, and write profile.json and
                   trace.json (for https://ui.perfetto.dev or chrome://tracing) into the run's folder
  --print-config   print the resolved configuration and stop
  --help           print this

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (Ctrl-C or SIGTERM; a checkpoint is
written)

keys
${describeConfiguration()}`;

async function main(args: string[]): Promise<void> {
  performance.mark('command');
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      'print-config': { type: 'boolean' },
      'verify-capture': { type: 'string' },
      profile: { type: 'boolean' },
      resume: { type: 'string' },
      sweep: { type: 'boolean' },
      random: { type: 'string' },
      jobs: { type: 'string' },
    },
  });
  if (values.help) {
    console.log(help());
    return;
  }
  const verifyCapture = everySoMany('--verify-capture', values['verify-capture']);
  const watch = {
    ...(verifyCapture !== undefined && { verifyCapture }),
    ...(values.profile && { profiler: new StepProfiler() }),
  };
  if (values.resume !== undefined) {
    const file = positionals.find((text) => !text.includes('='));
    if (file !== undefined) {
      throw new ConfigurationError(`--resume takes the configuration of the run; leave out ${file}`);
    }
    const options = { ...watch, signal: interruptSignal() };
    printSummary(await resumeRun(values.resume, positionals, options));
    return;
  }
  const [file, ...overrides] = positionals;
  if (file === undefined) throw new ConfigurationError('give a configuration file, such as configs/mlp.yaml');
  if (values.sweep) {
    if (values.profile) throw new ConfigurationError('--profile takes one training, not a --sweep');
    const command = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
    const allFinished = await sweep(file, overrides, { ...values, command, signal: interruptSignal() });
    if (!allFinished) process.exitCode = 1;
    return;
  }
  const configuration = loadConfiguration(file, overrides);
  performance.mark('configuration');
  if (values['print-config']) {
    process.stdout.write(printConfiguration(configuration));
    return;
  }
  printSummary(await startRun(configuration, { ...watch, signal: interruptSignal() }));
}

/** The whole number that an option gives; undefined without the option. */
function everySoMany(option: string, text: string | undefined): number | undefined {
  const number = Number(text ?? 1);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new ConfigurationError(`${option} takes a whole number from 1 on, got '${text}'`);
  }
  return text === undefined ? undefined : number;
}

function printSummary({ path, summary }: FinishedRun): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { validation, testAccuracy, testLoss, samplesPerSecond, seconds, stopped, epochs, bestEpoch } =
    summary;
  const { secondsToFirstStep } = summary;
  const why = {
    epochs: 'all',
    earlyStopping: 'no progress since: train.earlyStopping',
    maxMinutes: 'the time was up: train.maxMinutes',
  };
  console.log(`
epochs         ${epochs} (${why[stopped]}), the best ${bestEpoch}
test accuracy  ${percent(testAccuracy)} (loss ${testLoss.toFixed(4)})${validation ? `, validation ${percent(validation.accuracy)}` : ''}
training       ${Math.round(samplesPerSecond)} samples/s, ${seconds.toFixed(1)} s in all, the first step after ${secondsToFirstStep.toFixed(2)} s, on ${summary.device}
run            ${path}: summary.json, metrics.jsonl, checkpoints/best.safetensors
next           ${stopped === 'maxMinutes' ? `npx tsx src/train.ts --resume ${path} train.maxMinutes=…   to go on\n               ` : ''}npx tsx src/evaluate.ts ${path}    what the model is worth
               npx tsx src/visualize.ts ${path}   its figures, and one page with all of it`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof FinishedError) return 0;
  if (error instanceof Interruption) return 130;
  if (error instanceof ConfigurationError) return 2;
  return error instanceof TypeError && 'code' in error ? 2 : 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof WgradError || error instanceof DataError || exitCodeOf(error) === 2;
  console.error(expected ? (error as Error).message : error);
  process.exitCode = exitCodeOf(error);
}
