import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules/',
      'dist/',
      'examples/',
      'runs/',
      'data/',
      'coverage/',
      'kernels/wasm/',
      '*.cjs',
      'docs/api/',
      'docs/public/',
      'docs/.vitepress/{cache,dist}/',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: [
            'eslint.config.js',
            'src/platform/globals.d.ts',
            'docs/typedoc/*.js',
            'tests/mutation/*.js',
          ],
        },
      },
    },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A function checks its `arguments`, of which there may be more than its parameters.
      'prefer-rest-params': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // A function that a loop, or a callback of a walk, creates is created for every element or row; tsx also defines its
    // name each time.
    files: ['src/backend/cpu/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          ':matches(ForStatement, ForOfStatement, ForInStatement, WhileStatement, DoWhileStatement) > .body',
          'CallExpression[callee.name=/^(each|pair)/] > :matches(ArrowFunctionExpression, FunctionExpression) > .body',
          'CallExpression[callee.property.name=/^(forEach|map|flatMap|reduce)$/] > ArrowFunctionExpression > BlockStatement',
        ].map((repeated) => ({
          selector: `${repeated} :matches(ArrowFunctionExpression, FunctionExpression)`,
          message: 'Create functions outside of loops: see PairLoop.',
        })),
      ],
    },
  },
  {
    files: ['eslint.config.js', 'docs/typedoc/*.js', 'tests/mutation/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
