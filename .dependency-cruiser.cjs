// Imports go down only. The library first, then the pipeline's rooms, the service, and the commands.

/** The library's folders, the lowest first. Each may import those named beside it. */
const library = {
  platform: [],
  backend: ['platform'],
  tensor: ['backend', 'platform'],
  ops: ['tensor', 'backend'],
  autograd: ['ops', 'tensor', 'backend'],
  nn: ['ops', 'tensor', 'backend'],
  optim: ['ops', 'tensor', 'backend'],
  data: ['ops', 'tensor', 'backend'],
  formats: ['nn', 'ops', 'tensor', 'backend', 'platform'],
  diagnostics: ['tensor', 'backend'],
};

/** The pipeline's rooms, the lowest first. Each may import the library and the rooms before it. */
const rooms = [
  'text',
  'files',
  'config',
  'pictures',
  'data',
  'models',
  'checkpoint',
  'runs',
  'training',
  'evaluation',
  'reporting',
  'tracking',
  'telemetry',
  'diagnostics',
  'experiment',
  'sweep',
  'cli',
];

const downwards = [
  ...Object.entries(library).map(([folder, below]) => ({
    name: `${folder}-imports-down-only`,
    severity: 'error',
    comment: `src/${folder} may import ${['itself', ...below].join(', ')}`,
    from: { path: `^src/${folder}/` },
    to: { path: '^src/', pathNot: `^src/(${[folder, ...below].join('|')})/` },
  })),
  ...rooms.map((room, index) => ({
    name: `pipeline-${room}-imports-down-only`,
    severity: 'error',
    comment: `src/pipeline/${room} may import the library and ${rooms.slice(0, index + 1).join(', ')}`,
    from: { path: `^src/pipeline/${room}/` },
    to: {
      path: '^src/(pipeline|serve)/',
      pathNot: `^src/pipeline/(${rooms.slice(0, index + 1).join('|')})/`,
    },
  })),
];

const folders = [...Object.keys(library), 'pipeline', 'serve'].join('|');

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
      name: 'only-the-node-platform-knows-node',
      severity: 'error',
      comment: 'in the library, node: modules, webgpu and wgsl_reflect belong to src/platform/node',
      from: {
        path: `^src/(index\\.ts|(${Object.keys(library).join('|')})/)`,
        pathNot: '^src/platform/node/',
      },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional'] },
    },
    {
      name: 'implementations-of-the-platform-are-chosen-by-conditions',
      severity: 'error',
      comment:
        'the library imports #platform, #kernels and #cpuModule; package.json says which files these are',
      from: { path: `^src/(index\\.ts|(${Object.keys(library).join('|')})/)`, pathNot: '^src/platform/' },
      to: {
        path: '^src/platform/(node/|browser\\.ts)',
        dependencyTypesNot: ['aliased-subpath-import'],
      },
    },
    {
      name: 'the-library-needs-no-pipeline',
      severity: 'error',
      comment: 'src/index.ts gathers the library; what lies beside it in src/ is a command',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/((pipeline|serve)/|[^/]+$)' },
    },
    {
      name: 'the-pipeline-needs-no-commands',
      severity: 'error',
      from: { path: '^src/(pipeline|serve)/' },
      to: { path: '^src/[^/]+$', pathNot: '^src/index\\.ts$' },
    },
    {
      name: 'every-folder-is-known',
      severity: 'error',
      comment: 'a folder that is not listed above would escape the rules',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${folders})/` },
      to: {},
    },
    {
      name: 'every-room-is-known',
      severity: 'error',
      from: { path: '^src/pipeline/', pathNot: `^src/pipeline/(${rooms.join('|')})/` },
      to: {},
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
      exportsFields: ['exports', 'imports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
