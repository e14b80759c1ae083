/** Tests import the TypeScript sources of every package; nothing has to be built first. */
const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    '^@bzelf/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@bzelf/([^/]+)/(.+)$': '<rootDir>/packages/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};

/** Whole kernels are executed: the core is one file for them. */
const withCore = {
  ...base,
  globalSetup: '<rootDir>/scripts/jest-core.mjs',
  moduleNameMapper: { '^@bzelf/x86$': '<rootDir>/.cache/bundles/jest-core.cjs', ...base.moduleNameMapper },
};

/** `unit` needs only Node; `kernels` wants the kernels of scripts/fetch-kernels; `loaders` boots in real loaders. */
export default {
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/scripts/test/*.test.ts'],
    },
    { ...withCore, displayName: 'kernels', testMatch: ['<rootDir>/packages/*/test-kernels/**/*.test.ts'] },
    { ...withCore, displayName: 'loaders', testMatch: ['<rootDir>/packages/*/test-loaders/**/*.test.ts'] },
  ],
};
