/** The command that lists, compares, removes and replays runs. */
import { createInterface } from 'node:readline/promises';
import { command, type CommandGroup, flag, list, option } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, printJson, run, runsFolder as dir } from './pipeline/cli/shared.ts';
import { listOf, text } from './pipeline/cli/values.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import { readRunFacts, readRuns, type RunFacts } from './pipeline/runs/facts.ts';
import { listText, SORT_KEYS, sortRuns } from './pipeline/runs/list.ts';
import { requireKnown, UsageError } from './pipeline/text/didYouMean.ts';
import { TRACKERS } from './pipeline/tracking/tracking.ts';
import type { TrackerName } from './pipeline/config/configuration.ts';

const trackers = Object.keys(TRACKERS) as TrackerName[];

const runs: CommandGroup = {
  about: 'Lists, compares, removes and replays runs. A run is named by its id, its folder, or latest.',
  default: 'list',
  commands: {
    list: command({
      about:
        'List all runs: status, accuracy, epochs, time, device, and how their configurations differ (the default).',
      options: {
        dir,
        sort: option(
          '<key>',
          text,
          `sort by ${SORT_KEYS.join(', ')} or a key of the configuration, such as optimizer.lr`,
          {
            default: 'id',
          },
        ),
        reverse: flag('sort in descending order'),
        json,
      },
      run: async ({ dir, sort, reverse, json }) => {
        const all = await readRuns(dir);
        const keys = all.flatMap(({ configuration }) => Object.keys(configuration));
        requireKnown('key', sort, [...SORT_KEYS, ...new Set(keys)]);
        const sorted = sortRuns(all, sort, reverse);
        const none = `${dir} holds no runs; npx tsx src/train.ts configs/mlp.yaml makes one`;
        if (json) printJson(sorted.map((run) => ({ ...run, records: undefined })));
        else console.log(sorted.length === 0 ? none : listText(sorted));
      },
    }),
    show: command({
      about: 'Print all that is known of a run.',
      arguments: { run },
      options: { dir, json },
      run: async ({ run, dir, json }) => {
        const { showText } = await import('./pipeline/runs/show.ts');
        const facts = await readRunFacts(await resolveRun(dir, run));
        if (json) printJson(facts);
        else process.stdout.write(await showText(facts));
      },
    }),
    compare: command({
      about:
        'Print how configurations, environments and results differ, and draw the curves in one figure, as SVG and PNG.',
      arguments: { runs: list('two runs or more', 2) },
      options: {
        dir,
        out: option(
          '<path>',
          text,
          'path of the figure, without .svg and .png (default: compare in the folder of the runs)',
          { without: ['json'] },
        ),
        json,
      },
      run: async ({ runs, dir, out = `${dir}/compare`, json }) => {
        const facts: RunFacts[] = [];
        for (const run of runs) facts.push(await readRunFacts(await resolveRun(dir, run)));
        if (json) {
          printJson(facts);
          return;
        }
        const { compareFigure, compareText } = await import('./pipeline/runs/compare.ts');
        console.log(compareText(facts));
        // Vega takes a second to load.
        const { writeFigure } = await import('./pipeline/reporting/figures/write.ts');
        await writeFigure(out, compareFigure(facts));
        console.log(`\nfigure  ${out}.svg and ${out}.png`);
      },
    }),
    rm: command({
      about: 'Remove runs, after a question.',
      arguments: { runs: list('the runs', 1) },
      options: { dir, yes: flag('do not ask') },
      run: async ({ runs, dir, yes }) => {
        const { removableRun, removeRun } = await import('./pipeline/runs/remove.ts');
        const paths = new Set<string>();
        // All are checked before the first is removed.
        for (const run of runs) paths.add(await removableRun(dir, run));
        if (!yes && !(await confirmed(paths))) {
          console.log('nothing was removed');
          return;
        }
        for (const path of paths) {
          await removeRun(path);
          console.log(`removed  ${path}`);
        }
      },
    }),
    sync: command({
      about:
        'Replay runs into trackers, finished or not: write their files again, and send what an MLflow server has not received.',
      arguments: { runs: list('the runs', 1) },
      options: {
        dir,
        to: option('<trackers>', listOf(trackers), `${trackers.join(', ')} (default: those of the run)`),
      },
      run: async ({ runs, dir, to }) => {
        const { syncRun } = await import('./pipeline/tracking/sync.ts');
        for (const run of runs) {
          const path = await resolveRun(dir, run);
          const done = await syncRun(path, to, (text) => console.error(`warning: ${text}`));
          const hint = 'no trackers are configured; --to names some';
          console.log(`${path}: ${done.length > 0 ? done.join(', ') : hint}`);
        }
      },
    }),
  },
  examples: ['list --sort accuracy', 'show latest', 'compare latest 20261124-204112-cnn-fashion-mnist'],
};

async function confirmed(paths: ReadonlySet<string>): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('rm asks on a terminal only; --yes removes without asking');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${[...paths].join('\n')}\nRemove for good? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

await runCommand('npx tsx src/runs.ts', runs);
