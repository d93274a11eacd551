/** The command that keeps models: promotes runs, lists versions, moves aliases. */
import { join } from 'node:path';
import { argument, command, type CommandGroup, flag, option } from './pipeline/cli/command.ts';
import { nameOrPath, path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { json, modelsFolder as models, print, printJson, run, runsFolder } from './pipeline/cli/shared.ts';
import { text } from './pipeline/cli/values.ts';
import {
  CHAMPION,
  parseVersion,
  readRecord,
  resolveModel,
  resolveVersion,
} from './serve/registry/reference.ts';

const name = argument('the name of the model');
const version = argument('the version: NAME/VERSION, NAME@ALIAS, or NAME for its champion');
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
        gates: option('<file>', path, 'what a run must reach', { default: 'configs/gates.yaml' }),
        alias,
        json,
      },
      run: async ({ run, name, models: root, runs, gates, alias, json }) => {
        const { resolveRun } = await import('./pipeline/runs/directory.ts');
        const { promoteRun } = await import('./serve/registry/promote.ts');
        const { readGates } = await import('./serve/registry/gates.ts');
        const from = await resolveRun(runs, run);
        const { comparisonText } = await import('./serve/registry/list.ts');
        const promoted = await promoteRun({ run: from, root, name, gates: readGates(gates), alias });
        if (json) {
          const { path, record, before, isNew, verdicts } = promoted;
          printJson({ path, isNew, alias, before: before ?? null, record, verdicts });
          return;
        }
        for (const { text } of promoted.verdicts) console.log(`passed  ${text}`);
        const aliases = [...new Set(['latest', alias])].map((each) => `${name}@${each}`).join(', ');
        const { path, record, before } = promoted;
        console.log();
        if (promoted.isNew) console.log(`model   ${path}: weights, configuration, metrics, card, checksums`);
        else console.log(`model   ${path} has the same weights (run ${record.run}), so no version is added`);
        if (before !== undefined && before !== record.version) {
          const old = await readRecord(join(root, name, String(before))).catch(() => undefined);
          if (old) console.log(`before  ${comparisonText(old, record)}`);
        }
        console.log(`alias   ${aliases} → version ${record.version}
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
      arguments: { model: argument('NAME (its champion), NAME@ALIAS, NAME/VERSION or a folder', nameOrPath) },
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
    alias: command({
      about: 'Point an alias to an existing version.',
      arguments: { version, alias: argument('the alias, such as champion; it is made if it is missing') },
      options: { models, json },
      run: async ({ version: reference, alias, models: root, json }) => {
        const { openModelFolder } = await import('./serve/registry/modelFolder.ts');
        const { setAlias } = await import('./serve/registry/versions.ts');
        const to = await resolveVersion(root, reference);
        // A service could not load a damaged version, and would keep the model before.
        await openModelFolder(join(root, to.name, String(to.version)));
        const from = await setAlias(root, to, alias);
        const moved = from === to.version ? 'there already' : `version ${from ?? '(none)'} → ${to.version}`;
        const value = { ...to, alias, before: from ?? null };
        print(json, value, `${to.name}@${alias}: ${moved}`);
      },
    }),
    delete: command({
      about: `
        Delete a version. Its number is never used again. A version that an alias points to, or that a service runs, is kept
        unless --force is given.`,
      arguments: { version: argument('NAME/VERSION') },
      options: {
        models,
        force: flag('delete it although a service runs it, and the aliases that point to it, too'),
        json,
      },
      run: async ({ version: reference, models: root, force, json }) => {
        const { deleteVersion } = await import('./serve/registry/versions.ts');
        const deleted = parseVersion(reference);
        const aliases = await deleteVersion(root, deleted, force);
        const path = join(root, deleted.name, String(deleted.version));
        const gone = aliases.map((alias) => `\ndeleted alias ${deleted.name}@${alias}`);
        print(json, { deleted: path, aliases }, `deleted ${path}${gone.join('')}`);
      },
    }),
    rollback: command({
      about: 'Point the champion to where it pointed before.',
      arguments: { name },
      options: { models, alias, json },
      run: async ({ name, models: root, alias, json }) => {
        const { rollBack } = await import('./serve/registry/versions.ts');
        const { from, to } = await rollBack(root, name, alias);
        print(json, { name, alias, from, to }, `${name}@${alias}: version ${from} → ${to}`);
      },
    }),
  },
  examples: ['promote latest mlp', 'show mlp@latest', 'alias mlp/2 champion', 'rollback mlp', 'delete mlp/1'],
  exitCodes: { 1: 'failed, also if a gate is not passed' },
};

await runCommand('npx tsx src/registry.ts', registry);
