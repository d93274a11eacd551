/** The command that classifies pictures, without a service. */
import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { finished } from 'node:stream/promises';
import { argument, command, list, option } from './pipeline/cli/command.ts';
import { nameOrPath, path, typedPath } from './pipeline/cli/folder.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { UsageError } from './pipeline/text/didYouMean.ts';
import { adapter, device, json, modelsFolder, runsFolder } from './pipeline/cli/shared.ts';

const predict = command({
  about: `
    Classifies pictures, all pictures below a folder, IDX files and CSV files, and prints a line for each image: its path,
    the class, and the probability of every class. A picture is prepared as the service does it, and gets the same
    probabilities, bit for bit, on the same device.

    The model is a run (latest, its id, or its folder) or a model of the registry (NAME for its champion, NAME@ALIAS,
    NAME/VERSION, or its folder).`,
  arguments: {
    model: argument('the run or model', nameOrPath),
    paths: list('pictures, folders, IDX files and CSV files', 1),
  },
  options: {
    out: option('<file>', path, 'write the result there instead of printing it'),
    json,
    runs: runsFolder,
    models: modelsFolder,
    device,
    adapter,
  },
  examples: [
    'latest pictures',
    'mlp@champion a.png b.jpg --json',
    'cnn t10k-images-idx3-ubyte --out predictions.csv',
  ],
  exitCodes: { 1: 'a file cannot be read; all others were classified' },
  run: async ({ model: reference, paths, out, json, runs, models, device: name, adapter }) => {
    const { init } = await import('./tensor/device.ts');
    const { storedChoices } = await import('./pipeline/diagnostics/tuning/stored.ts');
    const { BatchedModel } = await import('./serve/inference/batchedModel.ts');
    const { BATCH_SIZE } = await import('./serve/options.ts');
    const { csvOutput, jsonOutput } = await import('./serve/offline/output.ts');
    const { predictFiles } = await import('./serve/offline/predictFiles.ts');
    const { findTrainedModel } = await import('./serve/registry/trainedModel.ts');
    const { EXTENSIONS } = await import('./pipeline/data/own/pictures.ts');
    if (out !== undefined) requireOutput(out, paths.map(typedPath), EXTENSIONS);
    const signal = interruptSignal('interrupted');
    const trained = await findTrainedModel(reference, { runs, models });
    const { requireClassifier } = await import('./pipeline/config/task.ts');
    const instead = `Draw what it makes of test images: npx tsx src/visualize.ts ${reference}`;
    requireClassifier(trained.configuration.model, 'src/predict.ts', trained.name, instead);
    const opened = await init(name ?? trained.configuration.device, {
      tuning: storedChoices,
      ...(adapter !== undefined && { adapter }),
      onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
    });
    try {
      const { model, data } = await trained.load();
      const format = json ? jsonOutput(trained.name, data.classes) : csvOutput(data.classes);
      const { images, unreadable } = await writing(out, (write) =>
        predictFiles(new BatchedModel(opened, model, data, BATCH_SIZE), data, paths, {
          format,
          write,
          signal,
          locate: typedPath,
          onProgress: reportProgress,
        }),
      );
      for (const { path, problem } of unreadable) process.stderr.write(`${path}: ${problem}\n`);
      const failed = unreadable.length === 0 ? '' : `, ${unreadable.length} files cannot be read`;
      process.stderr.write(`${images} images classified by ${trained.name}${failed}\n`);
      return unreadable.length === 0 ? 0 : 1;
    } finally {
      opened.destroy();
    }
  },
});

/** @throws UsageError where the output would replace an input or a folder */
function requireOutput(out: string, inputs: readonly string[], pictures: readonly string[]): void {
  const info = statSync(out, { throwIfNoEntry: false });
  if (!info) return;
  if (info.isDirectory()) throw new UsageError(`--out takes the name of a file; ${out} is a folder`);
  const isSame = (input: string): boolean => {
    const other = statSync(input, { throwIfNoEntry: false });
    return other?.dev === info.dev && other.ino === info.ino;
  };
  if (inputs.some(isSame))
    throw new UsageError(`--out takes another file than the images; ${out} is one of them`);
  if (pictures.includes(extname(out).toLowerCase())) {
    throw new UsageError(`--out does not replace a picture; ${out} is there already`);
  }
}

/** Images between two lines of progress. */
const REPORTED = 10_000;

function reportProgress(images: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${images} images\r`);
  else if (images % REPORTED === 0) process.stderr.write(`${images} images\n`);
}

/** Calls `body` with a function that writes to a file, which appears when it is complete, or to the output. */
async function writing<T>(
  out: string | undefined,
  body: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  if (out === undefined) return body((text) => writeTo(process.stdout, text));
  const { temporaryName } = await import('./pipeline/files/atomicFile.ts');
  const { writeError } = await import('./pipeline/files/fileError.ts');
  const { makeFolders } = await import('./pipeline/files/folders.ts');
  makeFolders(dirname(out));
  const temporary = temporaryName(out);
  const file = createWriteStream(temporary);
  let failure: unknown;
  file.on('error', (error) => (failure = error));
  try {
    const result = await body(async (text) => {
      if (failure !== undefined) throw writeError(out, failure);
      await writeTo(file, text);
    });
    file.end();
    await finished(file).catch((error: unknown) => {
      throw writeError(out, error);
    });
    await rename(temporary, out);
    return result;
  } finally {
    file.destroy();
    await rm(temporary, { force: true });
  }
}

/** Writes a text, and waits while the stream is full. */
async function writeTo(stream: NodeJS.WritableStream, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(text, () => resolve());
  });
}

await runCommand('npx tsx src/predict.ts', predict);
