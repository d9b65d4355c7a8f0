/** Which part of the code may import which: the rings of ARCHITECTURE.md, read by test/check-boundaries.ts. */

/** @param {string[]} parts */
const oneOf = (...parts) => `^src/(${parts.join('|')})`;

/** Test files and what only they use may reach further: they put parts together on purpose. */
const TESTS = ['\\.test\\.ts$', '/test-[a-z-]+\\.ts$', '^src/api/fake/'];

/** A ring and everything outside of it that it must not know. */
const ring = (name, path, forbidden, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path, pathNot: TESTS },
  to: { path: oneOf(...forbidden) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or have a third one in common.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-knows-nobody',
      comment: 'The domain is pure: no part of ours outside core, no network, no disk.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: TESTS },
      to: { path: '^(src/(?!core/)|node:)', pathNot: '^src/core/' },
    },
    {
      name: 'core-packages',
      comment: 'Arithmetic and dates only.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: TESTS },
      to: {
        path: 'node_modules',
        pathNot: 'node_modules/(decimal\\.js|temporal-polyfill|lossless-json|zod)/',
      },
    },
    ring(
      'platform-below-business',
      '^src/platform/',
      [
        'store',
        'engine',
        'operations',
        'api',
        'cli',
        'demo',
        'prove',
        'connectors',
        'app\\.ts',
        'config\\.ts',
      ],
      'The outside world without business: sees core.',
    ),
    ring(
      'store-below-engine',
      '^src/store/',
      ['engine', 'operations', 'api', 'cli', 'demo', 'prove', 'connectors', 'app\\.ts', 'config\\.ts'],
      'Our tables: see core and platform.',
    ),
    ring(
      'engine-blind-to-vendors',
      '^src/engine/',
      ['operations', 'api', 'cli', 'demo', 'prove', 'connectors', 'app\\.ts', 'config\\.ts'],
      'The engine sees core, platform and store; a vendor only through the ports of core.',
    ),
    ring(
      'operations-below-doors',
      '^src/operations/',
      ['api', 'cli', 'demo', 'prove', 'connectors', 'app\\.ts', 'config\\.ts'],
      'Verbs know neither HTTP nor the terminal.',
    ),
    ring(
      'api-is-a-door',
      '^src/api/',
      ['engine', 'cli', 'demo', 'prove', 'connectors', 'app\\.ts', 'config\\.ts'],
      'The API sees operations, platform and core.',
    ),
    {
      name: 'api-asks-in-one-place',
      comment: 'Figures for machines are read off the store where the API is put together, and nowhere else.',
      severity: 'error',
      from: { path: '^src/api/', pathNot: [...TESTS, '^src/api/from-operations\\.ts$'] },
      to: { path: '^src/store/' },
    },
    ring(
      'cli-is-a-door',
      '^src/(cli|demo)/',
      ['api', 'engine', 'connectors'],
      'The command line sees operations, and app.ts to open an installation.',
    ),
    ring(
      'proof-drives-the-engine',
      '^src/prove/',
      ['api', 'connectors', 'main\\.ts'],
      'A rehearsal puts processes of the connector together as app.ts does, with simulated systems around.',
    ),
    ring(
      'app-is-the-root',
      '^src/app\\.ts$',
      ['cli', 'demo', 'prove', 'main\\.ts', 'connectors/[^/]+/'],
      'Only the registry of connectors, not their insides.',
    ),
    {
      name: 'only-app-knows-the-registry',
      comment: 'In production code nobody else sees a connector.',
      severity: 'error',
      from: { path: '^(src/(?!connectors/|app\\.ts)|bin/)', pathNot: TESTS },
      to: { path: '^src/connectors/' },
    },
    {
      name: 'config-is-small',
      severity: 'error',
      from: { path: '^src/config\\.ts$' },
      to: { path: '^src/(?!core/)' },
    },
    {
      name: 'connector-sees-core',
      comment: 'A connector gets everything else handed in through the ports.',
      severity: 'error',
      from: { path: '^src/connectors/[^/]+/', pathNot: [...TESTS, '/simulator/'] },
      to: { path: '^src/(?!core/|connectors/)' },
    },
    {
      name: 'connectors-apart',
      severity: 'error',
      from: { path: '^src/connectors/([^/]+)/' },
      to: { path: '^src/connectors/[^/]+/', pathNot: '^src/connectors/$1/' },
    },
    {
      name: 'connector-ignores-its-simulator',
      comment: 'The simulator is a program of its own; its connector reaches it over HTTP.',
      severity: 'error',
      from: { path: '^src/connectors/[^/]+/', pathNot: [...TESTS, '/simulator/'] },
      to: { path: '^src/connectors/[^/]+/simulator/' },
    },
    {
      name: 'simulator-knows-no-connector',
      comment: 'Otherwise both could share one mistake: a simulator sees core and the clock.',
      severity: 'error',
      from: { path: '^src/connectors/[^/]+/simulator/' },
      to: {
        path: '^src/',
        pathNot: ['^src/connectors/[^/]+/simulator/', '^src/core/', '^src/platform/clock\\.ts$'],
      },
    },
    {
      name: 'web-sees-the-contract',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/api/contract[a-z-]*\\.ts$' },
    },
    {
      name: 'contract-stands-alone',
      comment: 'The dashboard bundles it.',
      severity: 'error',
      from: { path: '^src/api/contract[a-z-]*\\.ts$' },
      to: { path: '^(src/|node:)', pathNot: '^src/api/contract[a-z-]*\\.ts$' },
    },
    {
      name: 'no-tests-in-production',
      severity: 'error',
      from: { path: '^(src|web)/', pathNot: TESTS },
      to: { path: ['\\.test\\.ts$', '/test-[a-z-]+\\.ts$', '^test/'] },
    },
    {
      name: 'tools-stay-out-of-production',
      comment: 'Development dependencies are not there after npm ci --omit=dev.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['(^|/)dist/', '\\.css$'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
