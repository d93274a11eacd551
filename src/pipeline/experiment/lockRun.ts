import { realpath, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Locked, lockProject } from '../data/dvc/project.ts';
import { readPipeline } from '../data/dvc/pipeline.ts';
import { resolveRun } from '../runs/directory.ts';
import { shellWord } from '../text/shellWord.ts';
import { stageProblems } from './provenance.ts';

/** The newest runs that are looked through for one that a stage made. */
const MOST_RUNS = 50;

/**
 * Records the data and the stages of dvc.yaml, as `lockProject`, where the records of a run show that the stages made
 * its files.
 *
 * @param root the folder of the data
 * @param runs the folder of the runs
 * @param reference the run; default: the latest, where there is one
 */
export async function lockRun(
  root: string,
  {
    runs,
    reference,
    project = '.',
  }: { readonly runs: string; readonly reference: string | undefined; readonly project?: string },
): Promise<Locked> {
  const latest = join(project, 'runs', 'latest');
  const found = reference === undefined ? latest : await resolveRun(runs, reference);
  const run = existsSync(found) ? await realpath(found) : undefined;
  const locked = await lockProject(root, {
    project,
    run,
    problems: async (stage) => (run === undefined ? [] : stageProblems(stage, run, project)),
  });
  if (locked.refused.length === 0 || reference !== undefined) return locked;
  const other = await matchingRun(runs, run, project);
  const hint =
    other === undefined ? [] : [`${other} matches: npx tsx src/data.ts lock --run ${shellWord(other)}`];
  return { ...locked, refused: [...locked.refused, ...hint] };
}

/** The newest run, besides one, that the training stage of dvc.yaml made; undefined where there is none. */
async function matchingRun(
  runs: string,
  besides: string | undefined,
  project: string,
): Promise<string | undefined> {
  const stages = await readPipeline(join(project, 'dvc.yaml'));
  const training = stages.find(({ cmd }) => cmd.includes('src/train.ts'));
  if (!training) return undefined;
  const names = (await readdir(runs)).filter((name) => existsSync(join(runs, name, 'summary.json')));
  const newest = names.sort().reverse().slice(0, MOST_RUNS);
  for (const name of newest) {
    if (name === 'latest' || (besides !== undefined && name === basename(besides))) continue;
    if ((await stageProblems(training, join(runs, name), project)).length === 0) return name;
  }
  return undefined;
}
