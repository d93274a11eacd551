// The functions that the commands call, replaced by ones that note their arguments.
import { vi } from 'vitest';
import * as interrupt from '../../../src/pipeline/cli/interrupt.ts';
import type { Command, CommandGroup } from '../../../src/pipeline/cli/command.ts';
import * as cliRun from '../../../src/pipeline/cli/run.ts';
import * as fashionMnist from '../../../src/pipeline/data/fashionMnist.ts';
import * as folderReport from '../../../src/pipeline/data/folderReport.ts';
import * as importing from '../../../src/pipeline/data/import/importFashionMnist.ts';
import * as pointer from '../../../src/pipeline/data/dvc/pointer.ts';
import * as dvcProject from '../../../src/pipeline/data/dvc/project.ts';
import * as prepare from '../../../src/pipeline/data/variants/prepare.ts';
import * as dataVersion from '../../../src/pipeline/data/version.ts';
import * as doctor from '../../../src/pipeline/diagnostics/doctor/doctor.ts';
import * as kernelReport from '../../../src/pipeline/diagnostics/kernels/report.ts';
import * as kernelTarget from '../../../src/pipeline/diagnostics/kernels/target.ts';
import * as tuningLaunches from '../../../src/pipeline/diagnostics/tuning/launches.ts';
import * as tune from '../../../src/pipeline/diagnostics/tuning/tune.ts';
import * as evaluationReport from '../../../src/pipeline/evaluation/report/report.ts';
import * as evaluationText from '../../../src/pipeline/evaluation/report/text.ts';
import * as trained from '../../../src/pipeline/evaluation/trained.ts';
import * as lockRun from '../../../src/pipeline/experiment/lockRun.ts';
import * as experiment from '../../../src/pipeline/experiment/run.ts';
import * as summaryText from '../../../src/pipeline/experiment/summaryText.ts';
import * as verify from '../../../src/pipeline/experiment/verify.ts';
import * as atomicFile from '../../../src/pipeline/files/atomicFile.ts';
import * as cards from '../../../src/pipeline/reporting/cards/write.ts';
import * as sheet from '../../../src/pipeline/reporting/figures/corruptionSheet.ts';
import * as figure from '../../../src/pipeline/reporting/figures/write.ts';
import * as runReport from '../../../src/pipeline/reporting/runReport.ts';
import * as compare from '../../../src/pipeline/runs/compare.ts';
import * as directory from '../../../src/pipeline/runs/directory.ts';
import * as facts from '../../../src/pipeline/runs/facts.ts';
import * as labels from '../../../src/pipeline/runs/labels.ts';
import * as remove from '../../../src/pipeline/runs/remove.ts';
import * as show from '../../../src/pipeline/runs/show.ts';
import * as receipt from '../../../src/pipeline/runs/verification/receipt.ts';
import * as sweep from '../../../src/pipeline/sweep/configuration.ts';
import * as continued from '../../../src/pipeline/sweep/continueRun.ts';
import * as telemetry from '../../../src/pipeline/telemetry/telemetry.ts';
import * as remoteSweeps from '../../../src/pipeline/sweep/queue/remote.ts';
import * as sweepWorker from '../../../src/pipeline/sweep/queue/runWorker.ts';
import * as sweepStatus from '../../../src/pipeline/sweep/queue/statusText.ts';
import * as sync from '../../../src/pipeline/tracking/sync.ts';
import * as offlineOutput from '../../../src/serve/offline/output.ts';
import * as offline from '../../../src/serve/offline/predictFiles.ts';
import * as gates from '../../../src/serve/registry/gates.ts';
import * as registryList from '../../../src/serve/registry/list.ts';
import * as modelFolder from '../../../src/serve/registry/modelFolder.ts';
import * as promotion from '../../../src/serve/registry/promote.ts';
import * as reference from '../../../src/serve/registry/reference.ts';
import * as trainedModel from '../../../src/serve/registry/trainedModel.ts';
import * as versions from '../../../src/serve/registry/versions.ts';
import * as weightsFile from '../../../src/serve/registry/weightsFile.ts';
import * as device from '../../../src/tensor/device.ts';

/** The folder that stands for every run: it must be there. */
const RUN = '/';
const configuration = { device: 'cpu', model: { name: 'mlp' } };
const loaded = { model: {}, data: { height: 1, width: 1, classes: ['a', 'b'] } };
const run = (id: string, accuracy: number) => ({
  id,
  path: RUN,
  status: 'finished',
  accuracy,
  epochs: accuracy * 10,
  tags: ['old'],
  notes: 'before',
  configuration: { name: id },
});

async function writePredictions(
  ...[, , , { write }]: Parameters<typeof offline.predictFiles>
): Promise<object> {
  await write('predictions');
  return { images: 1, unreadable: [] };
}

/** Module, the name of its function, and what the function returns. */
const STUBS: readonly (readonly [module: object, name: string, result?: unknown])[] = [
  [cards, 'writeModelCard', []],
  [cards, 'writeDataCard', []],
  [cards, 'dataCard', { card: '', croissant: '{}' }],
  [compare, 'compareText', ''],
  [compare, 'compareFigure', {}],
  [figure, 'writeFigure', ''],
  [dataVersion, 'fetchVersion'],
  [importing, 'importFashionMnist', {}],
  [importing, 'importText', ''],
  [folderReport, 'checkFolder', { problems: [], text: '' }],
  [folderReport, 'folderText', ''],
  [pointer, 'findPointer'],
  [dvcProject, 'staleRecords', []],
  [lockRun, 'lockRun', { lines: [], refused: [] }],
  [prepare, 'prepareVariant', { folder: '', md5: '', made: true }],
  [fashionMnist, 'loadFashionMnist', { test: 'test images' }],
  [sheet, 'corruptionSheet', 'drawn'],
  [atomicFile, 'storeFile'],
  [doctor, 'examine', []],
  [doctor, 'formatFindings', ''],
  [trainedModel, 'findTrainedModel', { name: 'found', configuration, load: () => Promise.resolve(loaded) }],
  [trained, 'evaluateTrained', {}],
  [trained, 'writeReport', []],
  [evaluationReport, 'evaluationOf', 'baseline report'],
  [evaluationText, 'formatEvaluation', ''],
  [kernelTarget, 'openTarget', { description: 'target' }],
  [kernelReport, 'listKernels', { text: '', json: {}, failed: false }],
  [kernelReport, 'showKernel', { text: '', json: {}, failed: false }],
  [kernelReport, 'checkKernels', { json: {}, failed: false }],
  [device, 'init', { destroy: () => undefined }],
  [offlineOutput, 'csvOutput', 'as CSV'],
  [offlineOutput, 'jsonOutput', 'as JSON'],
  [offline, 'predictFiles', writePredictions],
  [directory, 'resolveRun', RUN],
  [gates, 'readGates', 'the gates'],
  [
    promotion,
    'promoteRun',
    { path: '', isNew: true, record: { run: '', version: 2 }, before: undefined, verdicts: [] },
  ],
  [registryList, 'listModels', []],
  [reference, 'resolveModel', { path: 'folder' }],
  [reference, 'resolveVersion', { name: 'mlp', version: 1 }],
  [modelFolder, 'openModelFolder', { record: {}, files: new Map(), manifestSha256: '' }],
  [versions, 'setAlias', 1],
  [versions, 'deleteVersion', []],
  [versions, 'rollBack', { from: 2, to: 1 }],
  [facts, 'readRuns', [run('b', 0.5), run('a', 0.9), run('c', 0.7)]],
  [facts, 'readRunFacts', run('a', 0.9)],
  [show, 'showText', ''],
  [labels, 'writeLabels'],
  [remove, 'removableRun', RUN],
  [remove, 'removeRun'],
  [sync, 'syncRun', []],
  [weightsFile, 'findWeights', 'weights.safetensors'],
  [experiment, 'startRun', {}],
  [experiment, 'resumeRun', {}],
  [continued, 'continueRun', {}],
  [telemetry, 'startMetrics', { registry: 'registry', close: () => undefined }],
  [telemetry, 'startTelemetry', { observers: 'observers', close: () => Promise.resolve() }],
  [summaryText, 'summaryText', ''],
  [sweep, 'sweepConfiguration', { folder: '', states: [] }],
  [sweepWorker, 'runWorker'],
  [sweepStatus, 'statusText', ''],
  [sweepStatus, 'watchStatus'],
  [remoteSweeps, 'statusAt', { sweeps: [] }],
  [remoteSweeps, 'cancelAt', 1],
  [remoteSweeps, 'retryAt', 2],
  [tuningLaunches, 'configuredLaunches', []],
  [tune, 'tune', { choices: new Map(), measured: 0 }],
  [tune, 'storeChoices', 'the store'],
  [verify, 'verifyRun', { reproduced: true }],
  [receipt, 'writeReceipt', ''],
  [receipt, 'formatReceipt', ''],
  [runReport, 'reportRun', {}],
  [interrupt, 'interruptSignal', new AbortController().signal],
];

/** Functions that make texts of what others returned: their calls say nothing of options. */
const TEXTS =
  /^(formatFindings|formatEvaluation|formatReceipt|compareText|compareFigure|importText|summaryText|statusText|interruptSignal)$/;
const SYNCHRONOUS = /^(readGates|corruptionSheet|listKernels|showKernel|csvOutput|jsonOutput)$/;

/** What a command did: the functions that it called with their arguments, and what it printed. */
export interface Called {
  readonly calls: readonly (readonly unknown[])[];
  readonly printed: 'json' | 'text';
  readonly stdout: string;
}

const described = new Map<string, Command | CommandGroup>();

/** The description of a command of src, as it gives it to `runCommand`. */
export async function describedBy(name: string): Promise<Command | CommandGroup> {
  let found = described.get(name);
  if (found) return found;
  const spy = vi.spyOn(cliRun, 'runCommand').mockImplementation((_, description) => {
    found = description;
    return Promise.resolve();
  });
  try {
    // Another address than that of the command: it would not run where it was imported before.
    await import(`../../../src/${name}.ts?described`);
    described.set(name, found!);
    return found!;
  } finally {
    spy.mockRestore();
  }
}

/** Calls a command with all that it would call replaced. */
export async function callWithStubs(
  description: Command | CommandGroup,
  words: readonly string[],
): Promise<Called> {
  const calls: unknown[][] = [];
  let stdout = '';
  let stderr = '';
  const spies = [
    ...STUBS.map(([module, name, result]) =>
      vi.spyOn(module as Record<string, () => unknown>, name).mockImplementation((...args: unknown[]) => {
        if (!TEXTS.test(name)) calls.push([name, ...args.map(plain)]);
        const given =
          typeof result === 'function' ? (result as (...args: unknown[]) => unknown)(...args) : result;
        return TEXTS.test(name) || SYNCHRONOUS.test(name) ? given : Promise.resolve(given);
      }),
    ),
    vi.spyOn(console, 'log').mockImplementation((text: unknown = '') => void (stdout += `${String(text)}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text, ...then: unknown[]) => {
      stdout += String(text);
      (then.at(-1) as (() => void) | undefined)?.();
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text)))),
  ];
  try {
    const code = await cliRun.execute('it', description, words);
    if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${code}\n${stderr}`);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { calls, printed: isJson(stdout) ? 'json' : 'text', stdout };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Values as the table writes them: functions and objects of classes by their kind. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) return `a ${value.constructor.name}`;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}
