import { percent } from '../text/numbers.ts';
import { shellWord } from '../text/shellWord.ts';
import type { FinishedRun } from './run.ts';

/** What a training prints at its end: its results, its files, and what to do with them. */
export function summaryText({ path, summary }: FinishedRun): string {
  const { validation, stopped, secondsToFirstStep } = summary;
  const why = {
    epochs: 'all',
    earlyStopping: 'no improvement since: train.earlyStopping',
    maxMinutes: 'the time was up: train.maxMinutes',
  };
  const results = [
    `${percent(summary.testAccuracy)} (loss ${summary.testLoss.toFixed(4)})`,
    ...(validation ? [`validation ${percent(validation.accuracy)}`] : []),
  ];
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
test accuracy  ${results.join(', ')}
training       ${times.join(', ')}
run            ${path}: summary.json, metrics.jsonl, checkpoints/best.safetensors
next           ${next.join('\n               ')}`;
}
