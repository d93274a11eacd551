/** The command that trains a classifier from a configuration file. */
import { fileURLToPath } from 'node:url';
import { command, flag, list, option } from './pipeline/cli/command.ts';
import { nameOrPath, path, typedPath } from './pipeline/cli/folder.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import {
  artifacts,
  json,
  label,
  metricsHost,
  metricsPort,
  modelsFolder,
  print,
  printJson,
  redisUrl,
} from './pipeline/cli/shared.ts';
import { wholeNumber } from './pipeline/cli/values.ts';
import {
  describeConfiguration,
  loadConfiguration,
  printConfiguration,
} from './pipeline/config/configuration.ts';
import type { FinishedRun } from './pipeline/experiment/run.ts';
import { jsonText } from './pipeline/files/json.ts';
import type { TrialMetrics } from './pipeline/sweep/trialMetrics.ts';
import type { Address } from './pipeline/telemetry/telemetry.ts';
import { UsageError } from './pipeline/text/didYouMean.ts';

const train = command({
  about: `
    Trains an image classifier from a configuration file, on Fashion-MNIST or on data of your own, and tests it. key=value words override keys of the file.

    --resume continues a run from its last checkpoint, however it was stopped. It ends with the same result as a run that
    was never stopped. --continue does the same for a configuration: it starts the run where there is none, and only
    prints the summary of a finished one. A job that may be stopped and started again calls it every time.

    --sweep trains once for each combination of values and prints a table, best first. Calling it again continues an
    unfinished sweep. With --random, values can be drawn: optimizer.lr=log(1e-4,1e-2), model.dropout=uniform(0,0.5),
    schedule.stepSize=int(1,5). With sweep.search=tpe sweep.trials=30, results guide the choice; the section sweep of the
    file says the same. With --queue, the workers of a Redis queue train (src/sweep.ts worker), on any number of
    machines.

    Ctrl-C, SIGTERM and SIGHUP stop a training with a checkpoint. Start long trainings without npx, so that signals reach
    them directly: node src/train.ts on Node 22.18 or newer, node --import tsx src/train.ts before.`,
  usage: [
    '<configuration.yaml> [key=value...] [options]',
    '--resume <run> [key=value...]',
    '<configuration.yaml> --continue [key=value...]',
    '<configuration.yaml> --sweep key=value,value... [key=...] [--random <n>] [--jobs <n> | --queue <url>]',
  ],
  arguments: { words: list('the configuration file, and overrides of its keys') },
  options: {
    resume: option(
      '<run>',
      nameOrPath,
      'continue a run: its id, its folder, or latest; a finished run takes a greater train.epochs',
    ),
    runs: option(
      '<folder>',
      path,
      'folder of the runs: the same as run.dir=<folder>, and where --resume looks',
    ),
    init: option(
      '<weights>',
      nameOrPath,
      'start with the weights of a run (latest, its id, or its folder), of a model (NAME, NAME@ALIAS, NAME/VERSION) or of a .safetensors file',
      { without: ['resume'] },
    ),
    models: { ...modelsFolder, with: 'init' },
    continue: flag('continue the run of this configuration, data and code, or start it', {
      without: ['resume', 'sweep', 'printConfig'],
    }),
    sweep: flag('train for all combinations of values', { without: ['resume', 'profile', 'verifyCapture'] }),
    random: option('<n>', wholeNumber(1, 999_999), 'train for n random combinations, drawn by the seed', {
      with: 'sweep',
    }),
    jobs: option('<n>', wholeNumber(1, 999_999), 'trainings at a time on this machine', {
      default: 1,
      with: 'sweep',
      without: ['queue'],
    }),
    queue: option('<url>', redisUrl, 'let the workers of the queue at redis://host:port train', {
      with: 'sweep',
    }),
    store: { ...artifacts, with: 'queue' },
    label: option('<name>', label, 'train only on workers with this label, such as gpu (default: any)', {
      with: 'queue',
    }),
    metricsPort: { ...metricsPort, without: ['queue', 'printConfig'] },
    metricsHost,
    verifyCapture: option(
      '<n>',
      wholeNumber(),
      'compare every n-th replayed step with the eager step, bit by bit; stop at the first difference',
    ),
    profile: flag(
      'time the kernels of some steps after the first 20, print a table, and write profile.json and trace.json (for https://ui.perfetto.dev) into the run folder',
      { without: ['json'] },
    ),
    printConfig: flag('print the resolved configuration and stop', {
      without: ['resume', 'sweep', 'profile', 'verifyCapture'],
    }),
    json,
  },
  examples: [
    'configs/mlp.yaml train.epochs=3 optimizer.lr=0.01 device=cpu seed=7',
    '--resume latest',
    'configs/cnn.yaml --continue',
    'configs/mlp.yaml --sweep optimizer.lr=1e-3,3e-4 model.hidden=[128],[256,128] train.epochs=3',
    'configs/sweep.yaml --sweep --jobs 2',
  ],
  exitCodes: { 130: 'stopped by Ctrl-C (143: by SIGTERM, 129: by SIGHUP); a checkpoint was written' },
  takesKeys: true,
  notes: () => `${describeConfiguration().trimEnd()}

environment:
  OTEL_EXPORTER_OTLP_ENDPOINT  if set, the run and its epochs are sent there as spans, by OTLP over HTTP`,
  run: async ({
    words,
    runs,
    models,
    init,
    resume,
    continue: continues,
    sweep,
    random,
    jobs,
    queue,
    store,
    label,
    verifyCapture,
    metricsPort,
    metricsHost,
    profile,
    printConfig,
    json,
  }) => {
    const folder = runs === undefined ? [] : [`run.dir=${JSON.stringify(runs)}`];
    const [file, ...others] = words;
    const weights = init === undefined ? [] : await firstWeights(init, { runs: runs ?? 'runs', models });
    const metrics = metricsPort === undefined ? undefined : { host: metricsHost, port: metricsPort };
    const overrides = [...others, ...folder, ...weights];
    if (sweep)
      return runSweep(requireFile(file), overrides, { random, jobs, queue, store, label, metrics, json });
    if (printConfig) {
      const configuration = loadConfiguration(requireFile(file), overrides);
      process.stdout.write(json ? jsonText(configuration) : printConfiguration(configuration));
      return 0;
    }
    const given = words.find((word) => !word.includes('='));
    if (resume !== undefined && given !== undefined) {
      throw new UsageError(`--resume uses the configuration of the run; leave out ${given}`);
    }
    const { resumeRun, startRun } = await import('./pipeline/experiment/run.ts');
    const { continueRun } = await import('./pipeline/sweep/continueRun.ts');
    const { summaryText } = await import('./pipeline/experiment/summaryText.ts');
    const { startTelemetry } = await import('./pipeline/telemetry/telemetry.ts');
    const { StepProfiler } = await import('./pipeline/diagnostics/profiling/stepProfiler.ts');
    performance.mark('command');
    const options = {
      ...(verifyCapture !== undefined && { verifyCapture }),
      ...(profile && { profiler: new StepProfiler() }),
    };
    const telemetry = await startTelemetry({ service: 'wgrad-train', metrics });
    const train = async (): Promise<FinishedRun> => {
      const all = { ...options, observers: telemetry.observers, signal: interruptSignal() };
      if (resume !== undefined) return resumeRun(resume, [...words, ...folder], all);
      if (continues) return continueRun(requireFile(file), overrides, all);
      const configuration = loadConfiguration(requireFile(file), overrides);
      performance.mark('configuration');
      return startRun(configuration, all);
    };
    const finished = await train().finally(() => telemetry.close());
    print(json, finished, summaryText(finished));
    return 0;
  },
});

/** The override that `--init` stands for. */
async function firstWeights(init: string, roots: { runs: string; models: string }): Promise<string[]> {
  const { findWeights } = await import('./serve/registry/weightsFile.ts');
  return [`init=${JSON.stringify(await findWeights(init, roots))}`];
}

function requireFile(file: string | undefined): string {
  if (file !== undefined) return typedPath(file);
  throw new UsageError('missing configuration file, such as configs/mlp.yaml');
}

interface SweepInput {
  readonly random: number | undefined;
  readonly jobs: number;
  readonly queue: string | undefined;
  readonly store: string;
  readonly label: string | undefined;
  readonly metrics: Address | undefined;
  readonly json: boolean;
}

async function runSweep(
  file: string,
  axes: readonly string[],
  { json, random, jobs, queue: url, store, label = 'any', metrics: address }: SweepInput,
): Promise<number> {
  const { sweepConfiguration } = await import('./pipeline/sweep/configuration.ts');
  const { tableText, trialRecords } = await import('./pipeline/sweep/table.ts');
  const left = url === undefined ? '' : '; workers go on with trials that were submitted';
  const signal = interruptSignal(`interrupted; the same command continues with the unfinished trials${left}`);
  const command = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
  const metrics = address && (await trialMetrics(address));
  const place = url === undefined ? { jobs, command, metrics } : { url, label, store };
  const { folder, states } = await sweepConfiguration(file, axes, { random, signal, place });
  if (json) printJson({ folder, trials: trialRecords(states) });
  else console.log(`\n${tableText(states)}\n\ntable  ${folder}: sweep.json, sweep.csv`);
  signal.throwIfAborted();
  return states.every(({ status }) => status === 'finished' || status === 'pruned') ? 0 : 1;
}

/** Serves metrics of trials, until the command ends. */
async function trialMetrics(address: Address): Promise<TrialMetrics> {
  const { startMetrics } = await import('./pipeline/telemetry/telemetry.ts');
  const { TrialMetrics } = await import('./pipeline/sweep/trialMetrics.ts');
  return new TrialMetrics((await startMetrics(address)).registry);
}

await runCommand('npx tsx src/train.ts', train);
