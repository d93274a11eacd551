import { percent } from '../text/numbers.ts';
import { shellWord } from '../text/shellWord.ts';
import type { RunSummary } from '../runs/summary.ts';
import type { FinishedRun } from './run.ts';

/** What a training prints at its end: its results, its files, and what to do with them. */
export function summaryText({ path, summary }: FinishedRun): string {
  const { stopped, secondsToFirstStep } = summary;
  const why = {
    epochs: 'all',
    earlyStopping: 'no improvement since: train.earlyStopping',
    maxMinutes: 'the time was up: train.maxMinutes',
  };
  const [title, results] = resultText(summary);
  const times = [
    `${Math.round(summary.samplesPerSecond)} samples/s`,
    `${summary.seconds.toFixed(1)} s in all`,
    `the first step after ${secondsToFirstStep.toFixed(2)} s`,
    `on ${summary.device}`,
  ];
  const run = shellWord(path);
  const next = [
    ...(stopped === 'maxMinutes'
      ? [`npx tsx src/train.ts --resume ${run} train.maxMinutes=…   continues it`]
      : []),
    `npx tsx src/evaluate.ts ${run}    measures the model`,
    `npx tsx src/visualize.ts ${run}   draws its figures, and a page with all of them`,
  ];
  return `
epochs         ${summary.epochs} (${why[stopped]}), best ${summary.bestEpoch}
${title.padEnd(13)}  ${results.join(', ')}
training       ${times.join(', ')}
run            ${path}: summary.json, metrics.jsonl, checkpoints/best.safetensors
next           ${next.join('\n               ')}`;
}

/** What was measured, and the results: the accuracy of a classifier, the loss of an autoencoder and its terms. */
function resultText(summary: RunSummary): [title: string, results: string[]] {
  const { validation, testAccuracy, testLoss, testReconstruction = NaN, testKl = NaN } = summary;
  if (testAccuracy === undefined) {
    const terms = `(reconstruction ${testReconstruction.toFixed(4)}, kl ${testKl.toFixed(4)})`;
    const held = validation ? [`validation ${validation.loss.toFixed(4)}`] : [];
    return ['test loss', [`${testLoss.toFixed(4)} ${terms}`, ...held]];
  }
  const held = validation ? [`validation ${percent(validation.accuracy)}`] : [];
  return ['test accuracy', [`${percent(testAccuracy)} (loss ${testLoss.toFixed(4)})`, ...held]];
}
