/** The command that writes model cards and data cards. */
import { command, type CommandGroup, flag, option } from './pipeline/cli/command.ts';
import { path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { dataFolder, json, print, run, runsFolder as runs } from './pipeline/cli/shared.ts';

const cards: CommandGroup = {
  about: 'Writes model cards and data cards from what was recorded and measured.',
  commands: {
    model: command({
      about: `
        Write the card of a finished and evaluated run, MODEL_CARD.md, into the run's folder. Everything in it comes from
        the run's records. --publish also writes it into reports, where git tracks it.`,
      arguments: { run },
      options: {
        runs,
        publish: flag('also write the card into reports'),
        reports: option('<folder>', path, 'as --publish, into another folder'),
        json,
      },
      run: async ({ run, runs, publish, reports = publish ? 'reports' : undefined, json }) => {
        const { resolveRun } = await import('./pipeline/runs/directory.ts');
        const { writeModelCard } = await import('./pipeline/reporting/cards/write.ts');
        printWritten(await writeModelCard(await resolveRun(runs, run), reports), json);
      },
    }),
    data: command({
      about: `
        Print the card of Fashion-MNIST. All numbers are computed from the files. --publish writes it as data/README.md, with
        its Croissant metadata in data/croissant.json. npx tsx src/data.ts prepare writes the cards of other versions of
        the data set.`,
      options: {
        data: dataFolder,
        publish: flag('write the card into data, where git tracks it'),
        out: option('<folder>', path, 'as --publish, into another folder'),
        json,
      },
      run: async ({ data, publish, out = publish ? 'data' : undefined, json }) => {
        const { dataCard, writeDataCard } = await import('./pipeline/reporting/cards/write.ts');
        if (out !== undefined) printWritten(await writeDataCard(data, out), json);
        else {
          const { card, croissant } = await dataCard(data, 'data');
          print(json, JSON.parse(croissant), card.trimEnd());
        }
      },
    }),
  },
  examples: ['model latest', 'data --publish'],
};

function printWritten(paths: readonly string[], json: boolean): void {
  print(json, { written: paths }, `written  ${paths.join(', ')}`);
}

await runCommand('npx tsx src/card.ts', cards);
