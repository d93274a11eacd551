/** The command that obtains, checks and versions the data set. */
import { argument, command, type CommandGroup, flag, list, option } from './pipeline/cli/command.ts';
import { nameOrPath, path } from './pipeline/cli/folder.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { dataFolder as root, json, print, printJson, runsFolder } from './pipeline/cli/shared.ts';
import { listOf, wholeNumber } from './pipeline/cli/values.ts';
import { CORRUPTIONS } from './pipeline/data/corruptions/index.ts';
import { loadFashionMnist } from './pipeline/data/fashionMnist.ts';
import { checkFolder, folderText } from './pipeline/data/folderReport.ts';
import { streamReporter } from './pipeline/data/reporter.ts';
import { DEFAULT_SOURCES } from './pipeline/data/sources/fetch.ts';

const SOURCES = DEFAULT_SOURCES.map(({ name }) => name);

const data: CommandGroup = {
  about: `
    Obtains, checks and versions Fashion-MNIST. The pointer file data/raw.dvc is committed; training refuses data that it
    does not name. data.version=<md5>.dir in a configuration selects another version.`,
  commands: {
    fetch: command({
      about: `
        Put the four Fashion-MNIST files into the folder, in the version that the pointer file names, from the first source
        that has them. Intact files stay. Other files under these names may be your own: they are refused.`,
      options: {
        root,
        replace: flag('replace changed files, such as damaged copies'),
        source: option('<names>', listOf(SOURCES), 'where missing files may come from, in order', {
          default: SOURCES,
        }),
        json,
      },
      run: async ({ root, replace, source, json }) => {
        const { fetchVersion } = await import('./pipeline/data/version.ts');
        await fetchVersion(root, {
          replace,
          sources: source.flatMap((name) => DEFAULT_SOURCES.filter((each) => each.name === name)),
          reporter: streamReporter(process.stderr),
          signal: interruptSignal(
            'interrupted; finished files stay, and a started download will be continued',
          ),
        });
        return verify(root, json);
      },
    }),
    import: command({
      about: `
        Fill the folder from files at hand: the archive of Kaggle's page zalando-research/fashionmnist as it is, its two CSV files,
        or the four IDX files, plain or .gz. They are compared with the published hashes. The images of CSV files may come in
        another order: they are compared as a set, and keep their order.`,
      arguments: { files: list('the archive, the two CSV files, or the four IDX files', 1, path) },
      options: { root, replace: flag('replace other files under these names'), json },
      run: async ({ files, root, replace, json }) => {
        const { importFashionMnist, importText } =
          await import('./pipeline/data/import/importFashionMnist.ts');
        const imported = await importFashionMnist(files, root, {
          replace,
          reporter: streamReporter(process.stderr),
          signal: interruptSignal('interrupted; nothing was written'),
        });
        print(json, { root, ...imported }, importText(root, imported));
      },
    }),
    status: command({
      about:
        'Print what the folder holds, checksums included, and how it differs from the version of the pointer file.',
      options: { root, json },
      run: async ({ root, json }) => {
        if (json) printJson(await folderRecord(root));
        else console.log(await folderText(root));
      },
    }),
    verify: command({
      about:
        'Check the folder. Fails, naming the file, if one is missing, changed or not part of the version.',
      options: { root, json },
      run: ({ root, json }) => verify(root, json),
    }),
    lock: command({
      about: `
        Record what is there, as DVC does: pointer files of the data (data/raw.dvc, data/processed/*.dvc), dvc.lock for the
        stages of dvc.yaml, and copies of the data in .dvc/cache. A stage is recorded only where the run's own records show
        that it made the files: with the configuration of dvc.yaml, the data and the code that are there.`,
      options: {
        root,
        run: option(
          '<run>',
          nameOrPath,
          'the run that the stages made: its id or its folder (default: latest)',
        ),
        runs: runsFolder,
        check: flag('write nothing; fail, naming stage and file, if a record is out of date', {
          without: ['run'],
        }),
        json,
      },
      run: ({ root, run, runs, check: only, json }) =>
        only ? check(root, json) : lock(root, runs, run, json),
    }),
    prepare: command({
      about: `
        Make the version of the data set that configs/data/<name>.yaml defines: four IDX archives with a data card in
        processed/<name> beside the folder, and its pointer file. An intact version stays. A folder of other content is
        refused.`,
      arguments: { name: argument('a file of configs/data, without .yaml') },
      options: { root, replace: flag('replace the folder, whatever it holds'), json },
      run: async ({ root, name, replace, json }) => {
        const { prepareVariant } = await import('./pipeline/data/variants/prepare.ts');
        const { folder, md5, made } = await prepareVariant(root, name, {
          original: () => loadFashionMnist(root),
          reporter: streamReporter(process.stderr),
          signal: interruptSignal('interrupted; nothing was changed'),
          repoint: true,
          replace,
        });
        const next = `npx tsx src/train.ts configs/mlp.yaml data.name=${name}`;
        const text = `${folder}: ${made ? 'made' : 'intact'}, md5 ${md5}\nnext  ${next}`;
        print(json, { folder, md5, made }, text);
      },
    }),
    sheet: command({
      about: 'Draw every corruption at every severity on one sheet.',
      options: {
        root,
        corruptions: option('<names>', listOf(CORRUPTIONS), 'only these, separated by commas'),
        seed: option('<n>', wholeNumber(0, 1e15 - 1), 'seed of the random numbers', { default: 0 }),
        out: option('<file>', path, 'the PNG to write', { default: 'reports/corruption-sheet.png' }),
        json,
      },
      run: async ({ root, corruptions = CORRUPTIONS, seed, out, json }) => {
        const { corruptionSheet } = await import('./pipeline/reporting/figures/corruptionSheet.ts');
        const { storeFile } = await import('./pipeline/files/atomicFile.ts');
        const { test } = await loadFashionMnist(root);
        await storeFile(out, corruptionSheet(test, corruptions, seed));
        print(json, { out, corruptions, seed }, `${out}: ${corruptions.length} corruptions`);
      },
    }),
  },
  examples: ['fetch', 'import archive.zip', 'prepare fashion-mnist-10pct', 'lock --check'],
  notes: () => `sources:
  cache   .dvc/cache, which keeps every version that was fetched or locked
  raw     .gz files put into the folder by hand
  debian  the installed package dataset-fashion-mnist
  mirror  the data set's public mirrors
  apt     that package, downloaded by apt-get and unpacked, not installed`,
};

async function verify(root: string, json: boolean): Promise<number> {
  if (json) {
    const record = await folderRecord(root);
    printJson(record);
    return record.problems.length === 0 ? 0 : 1;
  }
  const { problems, text } = await checkFolder(root);
  return report(problems, text);
}

/** What `status` and `verify` say of a folder, for programs; `version` is null where it has no pointer file. */
async function folderRecord(
  root: string,
): Promise<{ root: string; version: string | null; problems: readonly string[] }> {
  const { findPointer } = await import('./pipeline/data/dvc/pointer.ts');
  const { problems } = await checkFolder(root);
  return { root, version: (await findPointer(root))?.md5 ?? null, problems };
}

async function check(root: string, json: boolean): Promise<number> {
  const { staleRecords } = await import('./pipeline/data/dvc/project.ts');
  const stale = await staleRecords(root);
  if (json) {
    printJson({ stale });
    return stale.length === 0 ? 0 : 1;
  }
  const remedy = stale.length > 0 ? ['run the stages named, then: npx tsx src/data.ts lock'] : [];
  return report([...stale, ...remedy], 'pointer files and dvc.lock are up to date');
}

async function lock(
  root: string,
  runs: string,
  reference: string | undefined,
  json: boolean,
): Promise<number> {
  const { lockRun } = await import('./pipeline/experiment/lockRun.ts');
  const { lines, refused } = await lockRun(root, { runs, reference });
  if (json) {
    printJson({ recorded: lines, refused });
    return refused.length === 0 ? 0 : 1;
  }
  console.log(lines.join('\n'));
  if (refused.length > 0) return report(refused, '');
  console.log('next: git add data dvc.lock && git commit');
  return 0;
}

/** Prints problems, or else that there are none; the exit code. */
function report(problems: readonly string[], success: string): number {
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log(success);
  return problems.length === 0 ? 0 : 1;
}

await runCommand('npx tsx src/data.ts', data);
