/** The command that lists, compares, labels, removes and replays runs. */
import { createInterface } from 'node:readline/promises';
import { command, type CommandGroup, flag, list, option } from './pipeline/cli/command.ts';
import { nameOrPath, path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, print, printJson, run, runsFolder as runs } from './pipeline/cli/shared.ts';
import { listOf, text, wholeNumber } from './pipeline/cli/values.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import { readRunFacts, readRuns, type RunFacts } from './pipeline/runs/facts.ts';
import { listText, SORT_KEYS, sortRuns } from './pipeline/runs/list.ts';
import { requireKnown, UsageError } from './pipeline/text/didYouMean.ts';
import { terminalColumns } from './pipeline/text/width.ts';
import { TRACKERS } from './pipeline/tracking/tracking.ts';
import type { TrackerName } from './pipeline/config/configuration.ts';

const trackers = Object.keys(TRACKERS) as TrackerName[];

const manage: CommandGroup = {
  about:
    'Lists, compares, labels, removes and replays runs. A run is named by its id, its folder, or latest.',
  default: 'list',
  commands: {
    list: command({
      about: `
        List runs, the most accurate first: status, accuracy, epochs, time, tags, how their configurations differ, device
        (the default command).`,
      options: {
        runs,
        where: option(
          '<conditions>',
          text,
          'only runs that fulfil all: optimizer.lr=0.01, accuracy>=0.9, status=finished, tag=baseline, device~cpu; separated by commas',
        ),
        sort: option(
          '<key>',
          text,
          `${SORT_KEYS.join(', ')} or a key of the configuration, such as optimizer.lr`,
          {
            default: 'accuracy',
          },
        ),
        reverse: flag('sort in the opposite order'),
        limit: option('<n>', wholeNumber(), 'only the first n'),
        json,
      },
      run: async ({ runs, where, sort, reverse, limit, json }) => {
        const { filterRuns } = await import('./pipeline/runs/filter.ts');
        const all = await readRuns(runs);
        const keys = all.flatMap(({ configuration }) => Object.keys(configuration));
        requireKnown('key', sort, [...SORT_KEYS, ...new Set(keys)]);
        const chosen = where === undefined || all.length === 0 ? all : filterRuns(all, where);
        const sorted = sortRuns(chosen, sort, reverse).slice(0, limit);
        if (json) printJson(sorted.map((run) => ({ ...run, records: undefined })));
        else if (all.length === 0) {
          console.log(`${runs} holds no runs; npx tsx src/train.ts configs/mlp.yaml makes one`);
        } else if (sorted.length === 0) console.log(`none of ${all.length} runs fulfils ${where!}`);
        else console.log(listText(sorted, terminalColumns(process.stdout)));
      },
    }),
    show: command({
      about: 'Print all that is known of a run.',
      arguments: { run },
      options: { runs, json },
      run: async ({ run, runs, json }) => {
        const { showText } = await import('./pipeline/runs/show.ts');
        const facts = await readRunFacts(await resolveRun(runs, run));
        if (json) printJson(facts);
        else process.stdout.write(await showText(facts));
      },
    }),
    compare: command({
      about:
        'Print how configurations, environments and results differ, and draw the curves in one figure, as SVG and PNG.',
      arguments: { run: list('two runs or more', 2, nameOrPath) },
      options: {
        runs,
        out: option(
          '<path>',
          path,
          'path of the figure, without .svg and .png (default: compare in the folder of the runs)',
          { without: ['json'] },
        ),
        json,
      },
      run: async ({ run: names, runs, out = `${runs}/compare`, json }) => {
        const facts: RunFacts[] = [];
        for (const name of names) facts.push(await readRunFacts(await resolveRun(runs, name)));
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
    tag: command({
      about: 'Add tags to a run, or remove them; without tags, print those it has.',
      arguments: { run, tags: list('words of letters, digits, ".", "_" and "-"') },
      options: { runs, remove: flag('remove the tags'), json },
      run: async ({ run, tags: given, runs, remove, json }) => {
        const { writeLabels } = await import('./pipeline/runs/labels.ts');
        const { path, tags, notes } = await readRunFacts(await resolveRun(runs, run));
        const now = remove ? tags.filter((tag) => !given.includes(tag)) : [...new Set([...tags, ...given])];
        if (given.length > 0) await writeLabels(path, { tags: now, notes });
        print(json, { run: path, tags: now }, `${path}: ${now.join(' ') || 'no tags'}`);
      },
    }),
    note: command({
      about: 'Replace the notes of a run; without a text, print them.',
      arguments: { run, words: list('the text; an empty one removes the notes') },
      options: { runs, json },
      run: async ({ run, words, runs, json }) => {
        const { writeLabels } = await import('./pipeline/runs/labels.ts');
        const { path, tags, notes: before } = await readRunFacts(await resolveRun(runs, run));
        const notes = words.length > 0 ? words.join(' ') : before;
        if (words.length > 0) await writeLabels(path, { tags, notes });
        print(json, { run: path, notes }, `${path}: ${notes || 'no notes'}`);
      },
    }),
    rm: command({
      about: 'Remove runs, after a question.',
      arguments: { run: list('the runs', 1, nameOrPath) },
      options: { runs, yes: flag('do not ask'), json },
      run: async ({ run: names, runs, yes, json }) => {
        const { removableRun, removeRun } = await import('./pipeline/runs/remove.ts');
        const paths = new Set<string>();
        // All are checked before the first is removed.
        for (const name of names) paths.add(await removableRun(runs, name));
        const removed = yes || (await confirmed(paths)) ? [...paths] : [];
        for (const path of removed) await removeRun(path);
        const lines = removed.map((path) => `removed  ${path}`).join('\n');
        print(json, { removed }, lines || 'nothing was removed');
      },
    }),
    sync: command({
      about:
        'Replay runs into trackers, finished or not: write their files again, and send what an MLflow server has not received.',
      arguments: { run: list('the runs', 1, nameOrPath) },
      options: {
        runs,
        to: option('<trackers>', listOf(trackers), `${trackers.join(', ')} (default: those of the run)`),
        json,
      },
      run: async ({ run: names, runs, to, json }) => {
        const { syncRun } = await import('./pipeline/tracking/sync.ts');
        const synced: { run: string; trackers: readonly string[] }[] = [];
        for (const name of names) {
          const path = await resolveRun(runs, name);
          const done = await syncRun(path, to, (text) => console.error(`warning: ${text}`));
          synced.push({ run: path, trackers: done });
          const hint = 'no trackers are configured; --to names some';
          if (!json) console.log(`${path}: ${done.length > 0 ? done.join(', ') : hint}`);
        }
        if (json) printJson(synced);
      },
    }),
  },
  examples: [
    "list --where 'status=finished,optimizer.lr<0.01' --limit 10",
    'show latest',
    'compare latest 20261124-204112-cnn-fashion-mnist',
    'tag latest baseline',
  ],
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

await runCommand('npx tsx src/runs.ts', manage);
