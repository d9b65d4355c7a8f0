/** Which tests run how: plain ones at once, those with a database after one PostgreSQL has been started for all. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests start the program hundreds of times: compiling it over and over took half of each start.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

const DATABASE = ['src/**/*.db.test.ts', 'test/**/*.db.test.ts'];
const END_TO_END = ['test/e2e/**/*.test.ts'];
const ELSEWHERE = ['**/node_modules/**', '**/dist/**', 'web/**', 'test/browser/**'];
/** What is sent to Zuora in any test is judged at the end of the run. */
const RECORDED = {
  globalSetup: ['test/kit/contract-setup.ts'],
  setupFiles: ['test/kit/record-exchanges.ts'],
};
const WITH_POSTGRES = { ...RECORDED, globalSetup: [...RECORDED.globalSetup, 'test/kit/global-setup.ts'] };

export default defineConfig({
  test: {
    // Two cores serve the tests and PostgreSQL.
    maxWorkers: 2,
    passWithNoTests: false,
    allowOnly: false,
    projects: [
      {
        test: {
          name: 'unit',
          // What a file leaves behind in its process the next one finds, as in a service; and nothing is loaded twice.
          isolate: false,
          ...RECORDED,
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...DATABASE, ...END_TO_END],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'database',
          isolate: false,
          include: DATABASE,
          exclude: [...ELSEWHERE, ...END_TO_END],
          ...WITH_POSTGRES,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: END_TO_END,
          exclude: ELSEWHERE,
          ...WITH_POSTGRES,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          // One at a time: each file has a browser, a service, a database and two simulators.
          fileParallelism: false,
          ...RECORDED,
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
