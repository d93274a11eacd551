/** The command that draws the figures of a run. */
import { realpath } from 'node:fs/promises';
import { command, option } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { run, runsFolder } from './pipeline/cli/shared.ts';
import { text, wholeNumber } from './pipeline/cli/values.ts';

const visualize = command({
  about: `
    Draws the figures of a run, each as SVG and PNG: training curves, confusion matrix, reliability diagram, accuracy under
    corruptions (if src/evaluate.ts --robustness measured it), confident mistakes, weights of the first layer, a map of
    the penultimate layer, samples of each class. One page holds all figures, the configuration, the environment and the
    data version; it needs no network.`,
  arguments: { run },
  options: {
    root: runsFolder,
    reports: option('<folder>', text, 'where figures/ and the page are written', { default: 'reports' }),
    images: option('<n>', wholeNumber(10, 99_999), 'test images on the map of the penultimate layer', {
      default: 2000,
    }),
  },
  examples: ['latest'],
  run: async ({ run, root, reports, images }) => {
    const { resolveRun } = await import('./pipeline/runs/directory.ts');
    const { storedChoices } = await import('./pipeline/diagnostics/tuning/stored.ts');
    const { reportRun } = await import('./pipeline/reporting/runReport.ts');
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const path = await realpath(await resolveRun(root, run));
    await reportRun(path, { reports, images, say, tuning: storedChoices });
  },
});

await runCommand('npx tsx src/visualize.ts', visualize);
