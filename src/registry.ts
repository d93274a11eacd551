/** The command that keeps models: promotes runs, lists versions, moves aliases. See HELP. */
import { join } from 'node:path';
import { IMAGE_SIZE, loadFashionMnist } from './pipeline/data/fashionMnist.ts';
import { parseCommandLine, runCommand, UsageError } from './pipeline/cli/commandLine.ts';
import { loadConfiguration } from './pipeline/config/configuration.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import { readAliases, rollBackAlias } from './serve/registry/aliases.ts';
import { readGates } from './serve/registry/gates.ts';
import { inputStatistics } from './serve/registry/inputStatistics.ts';
import { CARD, openModelFolder } from './serve/registry/modelFolder.ts';
import { promote } from './serve/registry/promote.ts';
import { CHAMPION, modelNames, modelVersions, readRecord, resolveModel } from './serve/registry/reference.ts';

const HELP = `usage: npx tsx src/registry.ts <command> [options]

commands
  promote RUN NAME   make the next version of model NAME from a run (latest, an id, or a folder), if it passes the
                     gates, and point the aliases latest and champion to it
  list               every version of every model
  show MODEL         one version, its files verified: NAME (its champion), NAME@ALIAS, NAME/VERSION or a folder
  rollback NAME      point the champion to where it pointed before

options
  --models <folder>  the registry (default models)
  --runs <folder>    promote: where runs are looked up (default runs)
  --gates <file>     promote: what a run must reach (default configs/gates.yaml)
  --alias <name>     promote, rollback: the alias to move (default ${CHAMPION})
  --json             list, show: print JSON
  --help             print this

exit codes: 0 done, 1 failed (a gate that is not passed, too), 2 wrong usage`;

type Options = ReturnType<typeof parse>['values'];

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [command, ...rest] = positionals;
  const take = (...names: string[]): string[] => {
    if (rest.length === names.length) return rest;
    throw new UsageError(
      `${command} takes ${names.join(' ') || 'nothing more'}, got ${rest.join(' ') || 'nothing'}`,
    );
  };
  switch (command) {
    case 'promote': {
      const [run, name] = take('RUN', 'NAME') as [string, string];
      return promoteRun(run, name, values);
    }
    case 'list':
      take();
      return list(values);
    case 'show':
      return show(take('MODEL')[0]!, values);
    case 'rollback': {
      const name = take('NAME')[0]!;
      const { from, to } = await rollBackAlias(join(values.models, name), values.alias);
      console.log(`${name}@${values.alias}: version ${from} → ${to}`);
      return;
    }
    default:
      throw new UsageError(`takes promote, list, show or rollback, got ${command ?? 'nothing'}`);
  }
}

async function promoteRun(reference: string, name: string, options: Options): Promise<void> {
  const run = await resolveRun(options.runs, reference);
  const gates = readGates(options.gates);
  const { data } = loadConfiguration(join(run, 'config.yaml'));
  const { train } = await loadFashionMnist(data.root);
  const statistics = inputStatistics(train.images, IMAGE_SIZE ** 2);
  const { models: root, alias } = options;
  const { path, record, verdicts } = await promote({ run, root, name, gates, statistics, alias });
  for (const { text } of verdicts) console.log(`passed  ${text}`);
  console.log(`
model   ${path}: weights, configuration, metrics, card, checksums
alias   ${[...new Set(['latest', alias])].map((alias) => `${name}@${alias}`).join(', ')} → version ${record.version}
next    npx tsx src/api.ts --model ${name}@${alias}   to serve it; a service that runs takes it within seconds`);
}

async function list({ models: root, json }: Options): Promise<void> {
  const rows = [];
  for (const name of await modelNames(root)) {
    const aliases = await readAliases(join(root, name));
    for (const version of await modelVersions(root, name)) {
      const { metrics, run } = await readRecord(join(root, name, String(version)));
      const names = [...aliases].filter(([, alias]) => alias.version === version).map(([alias]) => alias);
      rows.push({ name, version, aliases: names, run, metrics });
    }
  }
  if (json) {
    console.log(JSON.stringify(rows, null, 2));
    return;
  }
  if (rows.length === 0) {
    console.log(`${root} holds no models; promote a run: see --help`);
    return;
  }
  for (const { name, version, aliases, run, metrics } of rows) {
    const accuracy = metrics.accuracy === null ? '' : `accuracy ${(100 * metrics.accuracy).toFixed(2)} %`;
    console.log(
      `${`${name}/${version}`.padEnd(16)}  ${accuracy.padEnd(18)}  ${aliases.join(', ').padEnd(18)}  ${run}`,
    );
  }
}

async function show(reference: string, { models: root, json }: Options): Promise<void> {
  const { path } = await resolveModel(root, reference);
  const { record, files, manifestSha256 } = await openModelFolder(path);
  if (json) {
    console.log(JSON.stringify({ path, manifestSha256, ...record }, null, 2));
    return;
  }
  console.log(`${path}: ${files.size} files, all as they were promoted\n`);
  console.log(new TextDecoder().decode(files.get(CARD) ?? new Uint8Array()).trimEnd());
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      models: { type: 'string', default: 'models' },
      runs: { type: 'string', default: 'runs' },
      gates: { type: 'string', default: 'configs/gates.yaml' },
      alias: { type: 'string', default: CHAMPION },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

await runCommand(main, HELP);
