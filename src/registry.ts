/** The command that keeps models: promotes runs, lists versions, moves aliases. */
import { join } from 'node:path';
import { argument, command, type CommandGroup, option } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, modelsFolder as models, printJson, run, runsFolder } from './pipeline/cli/shared.ts';
import { text } from './pipeline/cli/values.ts';
import { CHAMPION, resolveModel } from './serve/registry/reference.ts';

const name = argument('the name of the model');
const alias = option('<name>', text, 'the alias to move', { default: CHAMPION });

const registry: CommandGroup = {
  about:
    'Keeps models in a registry: numbered versions of named models, with aliases that point to versions.',
  commands: {
    promote: command({
      about: `
        Make the next version of a model from a run that passes the gates, and point the aliases latest and champion to
        it.`,
      arguments: { run, name },
      options: {
        models,
        runs: runsFolder,
        gates: option('<file>', text, 'what a run must reach', { default: 'configs/gates.yaml' }),
        alias,
      },
      run: async ({ run, name, models: root, runs, gates, alias }) => {
        const { resolveRun } = await import('./pipeline/runs/directory.ts');
        const { promoteRun } = await import('./serve/registry/promote.ts');
        const { readGates } = await import('./serve/registry/gates.ts');
        const from = await resolveRun(runs, run);
        const promoted = await promoteRun({ run: from, root, name, gates: readGates(gates), alias });
        for (const { text } of promoted.verdicts) console.log(`passed  ${text}`);
        const aliases = [...new Set(['latest', alias])].map((each) => `${name}@${each}`).join(', ');
        console.log(`
model   ${promoted.path}: weights, configuration, metrics, card, checksums
alias   ${aliases} → version ${promoted.record.version}
next    npx tsx src/api.ts --model ${name}@${alias}   serves it; a running service loads it within seconds`);
      },
    }),
    list: command({
      about: 'List all versions of all models.',
      options: { models, json },
      run: async ({ models: root, json }) => {
        const { listModels, modelsText } = await import('./serve/registry/list.ts');
        const all = await listModels(root);
        const none = `${root} holds no models; promote a run: see --help`;
        if (json) printJson(all);
        else console.log(all.length === 0 ? none : modelsText(all));
      },
    }),
    show: command({
      about: 'Print one version, its files verified.',
      arguments: { model: argument('NAME (its champion), NAME@ALIAS, NAME/VERSION or a folder') },
      options: { models, json },
      run: async ({ model, models: root, json }) => {
        const { CARD, openModelFolder } = await import('./serve/registry/modelFolder.ts');
        const { path } = await resolveModel(root, model);
        const { record, files, manifestSha256 } = await openModelFolder(path);
        const card = new TextDecoder().decode(files.get(CARD)).trimEnd();
        if (json) printJson({ path, manifestSha256, ...record });
        else console.log(`${path}: ${files.size} files, all as they were promoted\n\n${card}`);
      },
    }),
    rollback: command({
      about: 'Point the champion to where it pointed before.',
      arguments: { name },
      options: { models, alias },
      run: async ({ name, models: root, alias }) => {
        const { rollBackAlias } = await import('./serve/registry/aliases.ts');
        const { from, to } = await rollBackAlias(join(root, name), alias);
        console.log(`${name}@${alias}: version ${from} → ${to}`);
      },
    }),
  },
  examples: ['promote latest mlp', 'show mlp@latest', 'rollback mlp'],
  exitCodes: { 1: 'failed, also if a gate is not passed' },
};

await runCommand('npx tsx src/registry.ts', registry);
