/** The command that writes model cards and data cards. */
import { command, type CommandGroup, option } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { dataFolder, run, runsFolder } from './pipeline/cli/shared.ts';
import { text } from './pipeline/cli/values.ts';

const cards: CommandGroup = {
  about: 'Writes model cards and data cards from what was recorded and measured.',
  commands: {
    model: command({
      about: `
        Write the card of a finished and evaluated run, MODEL_CARD.md, into the run's folder and into reports. Everything
        in it comes from the run's records.`,
      arguments: { run },
      options: {
        root: runsFolder,
        reports: option('<folder>', text, 'where the card is also written', { default: 'reports' }),
      },
      run: async ({ run, root, reports }) => {
        const { resolveRun } = await import('./pipeline/runs/directory.ts');
        const { writeModelCard } = await import('./pipeline/reporting/cards/write.ts');
        printWritten(await writeModelCard(await resolveRun(root, run), reports));
      },
    }),
    data: command({
      about: `
        Write the card of Fashion-MNIST, README.md, and its Croissant metadata, croissant.json. All numbers are computed
        from the files. npx tsx src/data.ts prepare writes the cards of other versions of the data set.`,
      options: {
        data: dataFolder,
        out: option('<folder>', text, 'where the card is written', { default: 'data' }),
      },
      run: async ({ data, out }) => {
        const { writeDataCard } = await import('./pipeline/reporting/cards/write.ts');
        printWritten(await writeDataCard(data, out));
      },
    }),
  },
  examples: ['model latest', 'data'],
};

function printWritten(paths: readonly string[]): void {
  console.log(`written  ${paths.join(', ')}`);
}

await runCommand('npx tsx src/card.ts', cards);
