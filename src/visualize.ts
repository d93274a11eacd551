/** The command that draws the figures of a run. */
import { realpath } from 'node:fs/promises';
import { command, flag, option } from './pipeline/cli/command.ts';
import { path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, printJson, run, runsFolder as runs } from './pipeline/cli/shared.ts';
import { wholeNumber } from './pipeline/cli/values.ts';

const visualize = command({
  about: `
    Draws the figures of a run, each as SVG and PNG: training curves, confusion matrix, reliability diagram, accuracy under
    corruptions (if src/evaluate.ts --robustness measured it), confident mistakes, weights of the first layer, a map of
    the penultimate layer, samples of each class. One page holds all figures, the configuration, the environment and the
    data version; it needs no network.

    Figures and page are written into the run's folder: figures/ and report.html. --publish writes them into reports
    instead, whose figures git tracks.`,
  arguments: { run },
  options: {
    runs,
    publish: flag('write into reports, and remove figures of other runs that this run does not have'),
    reports: option('<folder>', path, 'as --publish, into another folder'),
    images: option('<n>', wholeNumber(10, 99_999), 'test images on the map of the penultimate layer', {
      default: 2000,
    }),
    json,
  },
  examples: ['latest', 'latest --publish'],
  run: async ({ run, runs, publish, reports, images, json }) => {
    const { resolveRun } = await import('./pipeline/runs/directory.ts');
    const { storedChoices } = await import('./pipeline/diagnostics/tuning/stored.ts');
    const { reportRun } = await import('./pipeline/reporting/runReport.ts');
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const path = await realpath(await resolveRun(runs, run));
    const published = reports ?? (publish ? 'reports' : undefined);
    const written = await reportRun(path, { reports: published, images, say, tuning: storedChoices });
    if (json) printJson(written);
  },
});

await runCommand('npx tsx src/visualize.ts', visualize);
