// Imports go down only: commands → serve → experiment → data, nn, optim → ops → tensor → backend.

/** Each layer, and the layers that it may import besides itself. */
const layers = {
  start: [],
  backend: [],
  tensor: ['backend'],
  ops: ['tensor', 'backend'],
  nn: ['ops', 'tensor', 'backend'],
  optim: ['ops', 'tensor', 'backend'],
  data: ['ops', 'tensor', 'backend'],
  experiment: ['data', 'nn', 'optim', 'ops', 'tensor', 'backend'],
  serve: ['experiment', 'data', 'nn', 'optim', 'ops', 'tensor', 'backend'],
};

const known = `^src/(${Object.keys(layers).join('|')})/`;

const downwards = Object.entries(layers).map(([layer, below]) => ({
  name: `${layer}-imports-down-only`,
  severity: 'error',
  comment: `src/${layer} may import ${['itself', ...below].join(', ')}`,
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: `^src/(${[layer, ...below].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...downwards,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'backends-stay-apart',
      severity: 'error',
      from: { path: '^src/backend/(cpu|webgpu)/' },
      to: { path: '^src/backend/(cpu|webgpu)/', pathNot: '^src/backend/$1/' },
    },
    {
      name: 'only-the-webgpu-backend-knows-dawn',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/backend/webgpu/' },
      to: { path: 'node_modules/webgpu/' },
    },
    {
      name: 'the-library-needs-no-commands',
      severity: 'error',
      comment: 'src/index.ts gathers the library; what lies beside it in src/ is a command',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/((data|experiment|serve)/|[^/]+$)' },
    },
    {
      name: 'every-folder-is-a-layer',
      severity: 'error',
      comment: 'a folder of src/ that is not among the layers above would escape their rules',
      from: { path: '^src/[^/]+/', pathNot: known },
      to: {},
    },
    {
      name: 'only-layers-are-imported',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: known },
    },
    {
      name: 'no-development-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-tests-in-the-source',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|bench|scripts)/' },
    },
    {
      name: 'everything-is-found',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
