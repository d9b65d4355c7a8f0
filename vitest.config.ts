/** Which tests run how: plain ones at once, those with a database after one PostgreSQL has been started for all. */
import { defineConfig } from 'vitest/config';

const DATABASE = ['src/**/*.db.test.ts', 'test/**/*.db.test.ts'];
const END_TO_END = ['test/e2e/**/*.test.ts'];
const ELSEWHERE = ['**/node_modules/**', '**/dist/**', 'web/**', 'test/browser/**'];
const GLOBAL_SETUP = ['test/kit/global-setup.ts'];

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
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...DATABASE, ...END_TO_END],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'database',
          include: DATABASE,
          exclude: [...ELSEWHERE, ...END_TO_END],
          globalSetup: GLOBAL_SETUP,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: END_TO_END,
          exclude: ELSEWHERE,
          globalSetup: GLOBAL_SETUP,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
