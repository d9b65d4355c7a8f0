/** Every test that some machines cannot run, with what it needs and why: whatever else is skipped fails `.ci/run`. */

/** What a machine may have or not: test/kit/machine.ts looks for it. */
export type Need = 'root on Linux' | 'an older Node' | 'Chromium' | 'PgBouncer' | 'the official OpenAPI core';

export type Skip = {
  file: string;
  /** How the test's full name begins: its own title, or that of the group around it; '' for all in the file. */
  name: string;
  needs: Need;
  reason: string;
};

const POSTGRES_REFUSES_ROOT =
  'PostgreSQL refuses root, so the service picks another user; nobody else can do that';
const NO_PART_OF_IT = "Zuora's own file is no part of this repository; our own document judges in its place";
const NOT_FROM_NPM = 'a browser of the system is used, which npm does not bring; .ci/run installs it';

export const SKIPS: readonly Skip[] = [
  {
    file: 'src/platform/postgres/binaries.db.test.ts',
    name: 'a package that the database user cannot reach is copied once, whole',
    needs: 'root on Linux',
    reason: POSTGRES_REFUSES_ROOT,
  },
  {
    file: 'src/platform/postgres/crash.db.test.ts',
    name: 'it runs as a normal user, who cannot be given a directory of somebody else',
    needs: 'root on Linux',
    reason: POSTGRES_REFUSES_ROOT,
  },
  {
    file: 'src/platform/postgres/launcher.db.test.ts',
    name: 'root may keep its data below a folder that nobody else can enter',
    needs: 'root on Linux',
    reason: POSTGRES_REFUSES_ROOT,
  },
  {
    file: 'test/e2e/start-stop.test.ts',
    name: 'on an older Node without a shipped one, the command says what to install',
    needs: 'an older Node',
    reason: 'what an older Node makes of it, only an older Node can show',
  },
  {
    file: 'test/contract/contract.test.ts',
    name: 'the official document',
    needs: 'the official OpenAPI core',
    reason: NO_PART_OF_IT,
  },
  {
    file: 'test/contract/judge-folder.test.ts',
    name: 'the official document counts a request made wrong on purpose if it was taken',
    needs: 'the official OpenAPI core',
    reason: NO_PART_OF_IT,
  },
  {
    file: 'test/e2e/pooler.test.ts',
    name: '',
    needs: 'PgBouncer',
    reason: 'a pooler of the system is used, which npm does not bring; .ci/run installs it',
  },
  { file: 'test/browser/dashboard.test.ts', name: '', needs: 'Chromium', reason: NOT_FROM_NPM },
  { file: 'test/browser/pages.test.ts', name: '', needs: 'Chromium', reason: NOT_FROM_NPM },
];
