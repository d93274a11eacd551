import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagOf, optionsOf } from '../../../src/pipeline/cli/parse.ts';
import { loadConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { temporaryFolder } from '../files/disks.ts';
import { type Called, callWithStubs, describedBy } from './commandStubs.ts';

type Calls = Called['calls'];

const found = { name: 'found', configuration: { device: 'cpu', model: { name: 'mlp' } }, load: 'a function' };
const roots = { runs: 'R', models: 'M' };
const target = { description: 'target' };
const reporter = { note: 'a function', progress: 'a function', progressEnd: 'a function' };
const signal = 'a AbortSignal';
const [cache, raw, apt] = ['cache', 'raw', 'apt'].map((name) => ({ name, open: 'a function' }));
const everySource = [cache, raw, { ...cache, name: 'debian' }, { ...cache, name: 'mirror' }, apt];
const tuning = 'a function';
const mlp = (...overrides: string[]) => loadConfiguration('configs/mlp.yaml', overrides);
const command = expect.any(Array) as string[];
/** Is replaced by a file of a temporary folder. */
const OUT = 'OUT';

/** Command, its words, and the functions that these lead to. */
const CASES: readonly (readonly [command: string, words: string, calls: Calls])[] = [
  [
    'card',
    'model latest --runs R --reports P --json',
    [
      ['resolveRun', 'R', 'latest'],
      ['writeModelCard', '/', 'P'],
    ],
  ],
  [
    'card',
    'model latest --publish',
    [
      ['resolveRun', 'runs', 'latest'],
      ['writeModelCard', '/', 'reports'],
    ],
  ],
  [
    'card',
    'model latest',
    [
      ['resolveRun', 'runs', 'latest'],
      ['writeModelCard', '/', undefined],
    ],
  ],
  ['card', 'data --data D --out O --json', [['writeDataCard', 'D', 'O']]],
  ['card', 'data --publish', [['writeDataCard', 'data/raw', 'data']]],
  ['card', 'data --json', [['dataCard', 'data/raw', 'data']]],
  [
    'data',
    'fetch --root D --replace --source apt,raw --json',
    [
      ['fetchVersion', 'D', { replace: true, sources: [apt, raw], reporter, signal }],
      ['checkFolder', 'D'],
      ['findPointer', 'D'],
    ],
  ],
  [
    'data',
    'fetch',
    [
      ['fetchVersion', 'data/raw', { replace: false, sources: everySource, reporter, signal }],
      ['checkFolder', 'data/raw'],
    ],
  ],
  [
    'data',
    'import a.zip --root D --replace --json',
    [['importFashionMnist', ['a.zip'], 'D', { replace: true, reporter, signal }]],
  ],
  [
    'data',
    'import a.csv b.csv',
    [['importFashionMnist', ['a.csv', 'b.csv'], 'data/raw', { replace: false, reporter, signal }]],
  ],
  [
    'data',
    'status --root D --json',
    [
      ['checkFolder', 'D'],
      ['findPointer', 'D'],
    ],
  ],
  ['data', 'status --root D', [['folderText', 'D']]],
  [
    'data',
    'verify --root D --json',
    [
      ['checkFolder', 'D'],
      ['findPointer', 'D'],
    ],
  ],
  ['data', 'lock --root D --run r1 --runs R --json', [['lockRun', 'D', { runs: 'R', reference: 'r1' }]]],
  ['data', 'lock', [['lockRun', 'data/raw', { runs: 'runs' }]]],
  ['data', 'lock --root D --check --json', [['staleRecords', 'D']]],
  [
    'data',
    'prepare half --root D --replace --json',
    [
      [
        'prepareVariant',
        'D',
        'half',
        { original: 'a function', reporter, signal, repoint: true, replace: true },
      ],
    ],
  ],
  [
    'data',
    'sheet --root D --corruptions fog,scale --seed 3 --out o.png --json',
    [
      ['loadFashionMnist', 'D'],
      ['corruptionSheet', 'test images', ['fog', 'scale'], 3],
      ['storeFile', 'o.png', 'drawn'],
    ],
  ],
  ['doctor', '--root D --json', [['examine', 'D']]],
  [
    'evaluate',
    'latest --robustness --robustness-images 7 --baseline b --compare c --runs R --models M --device cpu --data half --limit 9 --reports P --json',
    [
      ['findTrainedModel', 'latest', roots],
      ['findTrainedModel', 'c', roots],
      ['evaluationOf', 'R', 'b'],
      [
        'evaluateTrained',
        found,
        {
          device: 'cpu',
          data: 'half',
          limit: 9,
          tuning,
          compareWith: found,
          robustness: { images: 7, baseline: 'baseline report' },
        },
      ],
      ['writeReport', found, {}, 'P'],
    ],
  ],
  [
    'evaluate',
    'latest --publish',
    [
      ['findTrainedModel', 'latest', { runs: 'runs', models: 'models' }],
      ['evaluateTrained', found, { tuning }],
      ['writeReport', found, {}, 'reports'],
    ],
  ],
  [
    'kernels',
    'list unary --adapter A --json',
    [
      ['openTarget', 'A'],
      ['listKernels', ['unary'], target],
    ],
  ],
  [
    'kernels',
    'show unary RANK=2 --adapter A --json',
    [
      ['openTarget', 'A'],
      ['showKernel', 'unary', { RANK: 2 }, target],
    ],
  ],
  [
    'kernels',
    'check unary --adapter A --json',
    [
      ['openTarget', 'A'],
      ['checkKernels', ['unary'], target, 'a function'],
    ],
  ],
  [
    'predict',
    'mlp a.png b.csv --out OUT --json --runs R --models M --device auto --adapter A',
    [
      ['findTrainedModel', 'mlp', roots],
      ['init', 'auto', { tuning, adapter: 'A', onFallback: 'a function' }],
      ['jsonOutput', 'found', ['a', 'b']],
      [
        'predictFiles',
        'a BatchedModel',
        { height: 1, width: 1, classes: ['a', 'b'] },
        ['a.png', 'b.csv'],
        { format: 'as JSON', write: 'a function', signal, locate: 'a function', onProgress: 'a function' },
      ],
    ],
  ],
  [
    'registry',
    'promote latest mlp --models M --runs R --gates G --alias A --json',
    [
      ['resolveRun', 'R', 'latest'],
      ['readGates', 'G'],
      ['promoteRun', { run: '/', root: 'M', name: 'mlp', gates: 'the gates', alias: 'A' }],
    ],
  ],
  [
    'registry',
    'promote latest mlp',
    [
      ['resolveRun', 'runs', 'latest'],
      ['readGates', 'configs/gates.yaml'],
      ['promoteRun', { run: '/', root: 'models', name: 'mlp', gates: 'the gates', alias: 'champion' }],
    ],
  ],
  ['registry', 'list --models M --json', [['listModels', 'M']]],
  [
    'registry',
    'show mlp --models M --json',
    [
      ['resolveModel', 'M', 'mlp'],
      ['openModelFolder', 'folder'],
    ],
  ],
  [
    'registry',
    'alias mlp/1 best --models M --json',
    [
      ['resolveVersion', 'M', 'mlp/1'],
      ['openModelFolder', 'M/mlp/1'],
      ['setAlias', 'M', { name: 'mlp', version: 1 }, 'best'],
    ],
  ],
  [
    'registry',
    'delete mlp/1 --models M --force --json',
    [['deleteVersion', 'M', { name: 'mlp', version: 1 }, true]],
  ],
  ['registry', 'rollback mlp --models M --alias A --json', [['rollBack', 'M', 'mlp', 'A']]],
  ['registry', 'rollback mlp', [['rollBack', 'models', 'mlp', 'champion']]],
  ['runs', 'list --runs R --where epochs<9 --sort epochs --reverse --limit 1 --json', [['readRuns', 'R']]],
  [
    'runs',
    'show a --runs R --json',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
    ],
  ],
  [
    'runs',
    'compare a b --runs R --out O',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
      ['resolveRun', 'R', 'b'],
      ['readRunFacts', '/'],
      ['writeFigure', 'O', {}],
    ],
  ],
  [
    'runs',
    'compare a b --runs R',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
      ['resolveRun', 'R', 'b'],
      ['readRunFacts', '/'],
      ['writeFigure', 'R/compare', {}],
    ],
  ],
  [
    'runs',
    'compare a b --runs R --json',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
      ['resolveRun', 'R', 'b'],
      ['readRunFacts', '/'],
    ],
  ],
  [
    'runs',
    'tag a old --runs R --remove --json',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
      ['writeLabels', '/', { tags: [], notes: 'before' }],
    ],
  ],
  [
    'runs',
    'tag a new',
    [
      ['resolveRun', 'runs', 'a'],
      ['readRunFacts', '/'],
      ['writeLabels', '/', { tags: ['old', 'new'], notes: 'before' }],
    ],
  ],
  [
    'runs',
    'tag a',
    [
      ['resolveRun', 'runs', 'a'],
      ['readRunFacts', '/'],
    ],
  ],
  [
    'runs',
    'note a two words --runs R --json',
    [
      ['resolveRun', 'R', 'a'],
      ['readRunFacts', '/'],
      ['writeLabels', '/', { tags: ['old'], notes: 'two words' }],
    ],
  ],
  [
    'runs',
    'note a',
    [
      ['resolveRun', 'runs', 'a'],
      ['readRunFacts', '/'],
    ],
  ],
  [
    'runs',
    'rm a --runs R --yes --json',
    [
      ['removableRun', 'R', 'a'],
      ['removeRun', '/'],
    ],
  ],
  [
    'runs',
    'sync a --runs R --to csv,mlflow --json',
    [
      ['resolveRun', 'R', 'a'],
      ['syncRun', '/', ['csv', 'mlflow'], 'a function'],
    ],
  ],
  [
    'runs',
    'sync a',
    [
      ['resolveRun', 'runs', 'a'],
      ['syncRun', '/', undefined, 'a function'],
    ],
  ],
  [
    'train',
    'configs/mlp.yaml train.epochs=1 --runs R --init latest --models M --verify-capture 3 --json',
    [
      ['findWeights', 'latest', roots],
      ['startTelemetry', { service: 'wgrad-train' }],
      [
        'startRun',
        mlp('train.epochs=1', 'run.dir=R', 'init=weights.safetensors'),
        { verifyCapture: 3, observers: 'observers', signal },
      ],
    ],
  ],
  [
    'train',
    'configs/mlp.yaml --profile',
    [
      ['startTelemetry', { service: 'wgrad-train' }],
      ['startRun', mlp(), { profiler: 'a StepProfiler', observers: 'observers', signal }],
    ],
  ],
  [
    'train',
    'configs/mlp.yaml seed=1 --runs R --continue --metrics-port 9464 --metrics-host ::',
    [
      ['startTelemetry', { service: 'wgrad-train', metrics: { host: '::', port: 9464 } }],
      ['continueRun', 'configs/mlp.yaml', ['seed=1', 'run.dir="R"'], { observers: 'observers', signal }],
    ],
  ],
  [
    'train',
    '--resume r1 --runs R train.epochs=3',
    [
      ['startTelemetry', { service: 'wgrad-train' }],
      ['resumeRun', 'r1', ['train.epochs=3', 'run.dir="R"'], { observers: 'observers', signal }],
    ],
  ],
  [
    'sweep',
    'worker --queue redis://h:1 --store S --concurrency 2 --labels any,gpu --grace 7 --stalled-after 8 --work W --metrics-port 9464 --metrics-host ::',
    [
      ['startMetrics', { host: '::', port: 9464 }],
      [
        'runWorker',
        {
          url: 'redis://h:1',
          registry: 'registry',
          store: 'S',
          concurrency: 2,
          labels: ['any', 'gpu'],
          grace: 7000,
          stalledAfter: 8000,
          work: 'W',
          command,
          signal,
          report: 'a function',
        },
      ],
    ],
  ],
  ['sweep', 'status x --queue redis://h:1 --json', [['statusAt', 'redis://h:1', 'x']]],
  ['sweep', 'status --queue redis://h:1 --watch', [['watchStatus', 'a function', 1000, signal]]],
  ['sweep', 'cancel x --queue redis://h:1 --json', [['cancelAt', 'redis://h:1', 'x']]],
  ['sweep', 'retry x --queue redis://h:1 --json', [['retryAt', 'redis://h:1', 'x']]],
  [
    'train',
    'configs/mlp.yaml optimizer.lr=1,2 --sweep --random 5 --jobs 2 --json',
    [
      [
        'sweepConfiguration',
        'configs/mlp.yaml',
        ['optimizer.lr=1,2'],
        { random: 5, place: { jobs: 2, command }, signal },
      ],
    ],
  ],
  [
    'train',
    'configs/mlp.yaml optimizer.lr=1,2 --sweep',
    [
      [
        'sweepConfiguration',
        'configs/mlp.yaml',
        ['optimizer.lr=1,2'],
        { place: { jobs: 1, command }, signal },
      ],
    ],
  ],
  [
    'train',
    'configs/mlp.yaml optimizer.lr=1,2 --sweep --queue redis://h:1 --store S --label gpu --json',
    [
      [
        'sweepConfiguration',
        'configs/mlp.yaml',
        ['optimizer.lr=1,2'],
        { place: { url: 'redis://h:1', label: 'gpu', store: 'S' }, signal },
      ],
    ],
  ],
  ['train', 'configs/mlp.yaml --print-config --json', []],
  [
    'tune',
    'configs/mlp.yaml seed=1 --adapter A --seconds 4 --dry-run --json',
    [
      ['configuredLaunches', ['configs/mlp.yaml', 'seed=1'], signal],
      [
        'tune',
        [],
        {
          adapter: 'A',
          seconds: 4,
          signal,
          onStart: 'a function',
          onResult: 'a function',
          onFailure: 'a function',
        },
      ],
    ],
  ],
  [
    'verify',
    'r1 --runs R --steps 4 --device cpu --json',
    [
      ['resolveRun', 'R', 'r1'],
      ['verifyRun', '/', { steps: 4, device: 'cpu', signal }],
      ['writeReceipt', '/', { reproduced: true }],
    ],
  ],
  [
    'visualize',
    'r1 --runs R --reports P --images 12 --json',
    [
      ['resolveRun', 'R', 'r1'],
      ['reportRun', '/', { reports: 'P', images: 12, say: 'a function', tuning }],
    ],
  ],
  [
    'visualize',
    'r1 --publish',
    [
      ['resolveRun', 'runs', 'r1'],
      ['reportRun', '/', { reports: 'reports', images: 2000, say: 'a function', tuning }],
    ],
  ],
  [
    'visualize',
    'r1',
    [
      ['resolveRun', 'runs', 'r1'],
      ['reportRun', '/', { images: 2000, say: 'a function', tuning }],
    ],
  ],
];

/** The commands, without those that another test takes. */
const COMMANDS = readdirSync('src')
  .filter((name) => name.endsWith('.ts') && !['index.ts', 'api.ts', 'export.ts'].includes(name))
  .map((name) => name.slice(0, -'.ts'.length));

/** The options of a command's words, each with the words without it. */
async function withoutEach(name: string, words: readonly string[]): Promise<(readonly [string, string[]])[]> {
  const options = optionsOf(await describedBy(name));
  return Object.entries(options).flatMap(([key, { placeholder }]) => {
    const at = words.indexOf(flagOf(key));
    return at < 0 ? [] : [[key, words.toSpliced(at, placeholder === undefined ? 1 : 2)] as const];
  });
}

const outcome = async (name: string, words: readonly string[]): Promise<Called | string> =>
  callWithStubs(await describedBy(name), words).catch((error: unknown) => String(error));

describe('options of the commands', () => {
  it.each(CASES)('%s %s calls what it stands for', async (name, text, calls) => {
    const out = join(temporaryFolder(), 'out.json');
    const words = text.split(' ').map((word) => (word === OUT ? out : word));
    const called = await outcome(name, words);
    expect(called).toMatchObject({
      calls,
      ...(words.includes('--json') && name !== 'predict' && { printed: 'json' }),
    });
    for (const [key, others] of await withoutEach(name, words)) {
      expect(await outcome(name, others), `without ${key}`).not.toEqual(called);
    }
  });

  it.each(COMMANDS)('%s: each option of each of its commands has a case', async (name) => {
    const description = await describedBy(name);
    const commands =
      'commands' in description ? Object.entries(description.commands) : [['', description] as const];
    for (const [command, { options = {} }] of commands) {
      const cases = CASES.filter(
        ([of, text]) => of === name && (command === '' || text.split(' ')[0] === command),
      );
      const given = new Set(cases.flatMap(([, text]) => text.split(' ')));
      expect(Object.keys(options).filter((key) => !given.has(flagOf(key)))).toEqual([]);
    }
  });
});

describe('runs list', () => {
  it.each([
    [[], ['a', 'c', 'b']],
    [['--reverse'], ['b', 'c', 'a']],
    [
      ['--sort', 'id', '--reverse'],
      ['c', 'b', 'a'],
    ],
    [
      ['--sort', 'epochs'],
      ['b', 'c', 'a'],
    ],
    [['--limit', '1'], ['a']],
    [
      ['--where', 'accuracy<0.9'],
      ['c', 'b'],
    ],
    [['--where', 'accuracy<0.5'], []],
  ])('%j gives %j', async (words, expected) => {
    const { stdout } = await callWithStubs(await describedBy('runs'), ['list', '--json', ...words]);
    expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual(expected);
  });
});

it('predict --out writes what it would print', async () => {
  const out = join(temporaryFolder(), 'folder', 'out.csv');
  const predict = await describedBy('predict');
  expect(await callWithStubs(predict, ['mlp', 'a.png'])).toMatchObject({ stdout: 'predictions' });
  expect(await callWithStubs(predict, ['mlp', 'a.png', '--out', out])).toMatchObject({ stdout: '' });
  expect(readFileSync(out, 'utf8')).toBe('predictions');
});
