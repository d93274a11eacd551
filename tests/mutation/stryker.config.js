// Mutation tests: Stryker puts small faults into the code, one at a time, and counts how many the tests notice.
//
//   npm run test:mutation                          40 lines of each folder, about an hour on two cores
//   MUTATION_LINES=10 MUTATION_SEED=7 npm run test:mutation
//   MUTATION_FOLDERS=src/serve npm run test:mutation
//
// A folder has thousands of possible faults, and each costs seconds. So a seeded sample of lines is changed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const lines = Number(process.env.MUTATION_LINES ?? 40);
const folders = (process.env.MUTATION_FOLDERS ?? 'src/ops,src/optim,src/serve').split(',');
let state = Number(process.env.MUTATION_SEED ?? 1);

/** The next number in [0, 1) of a linear congruential generator. */
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

/** `count` lines of a folder's code, without comments, imports and declarations of types. */
function sample(folder, count) {
  const candidates = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) => {
      const path = join(folder, file);
      const texts = readFileSync(path, 'utf8').split('\n');
      return texts.flatMap((text, at) =>
        /^\s*(\/?\*|\/\/|import |export (\*|type|interface)|$)/.test(text) || !/[(=<>+\-*?!&|]/.test(text)
          ? []
          : [`${path}:${at + 1}-${at + 1}`],
      );
    });
  return Array.from({ length: Math.min(count, candidates.length) }, () =>
    candidates.splice(Math.floor(random() * candidates.length), 1),
  ).flat();
}

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'tests/mutation/vitest.config.ts', related: false },
  // The text of a message is no contract.
  mutator: { excludedMutations: ['StringLiteral'] },
  mutate: folders.flatMap((folder) => sample(folder, lines)),
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 20_000,
  tempDirName: 'runs/stryker',
  ignorePatterns: ['/runs', '/dist', '/reports', '/data/raw', '/bench/results', '/models', '/docs'],
  reporters: ['progress', 'clear-text', 'json'],
  jsonReporter: { fileName: 'runs/mutation.json' },
  clearTextReporter: { logTests: false, reportTests: false },
  allowEmpty: true,
};
