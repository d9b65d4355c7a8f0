/** The types of our tables as kysely-codegen reads them off a migrated database. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
export const SCHEMA_FILE = join(ROOT, 'src/store/schema.ts');

/** Not ours to query: the sign-in library's tables, and the migrations' own book. */
const LEFT_OUT = '{users,sessions,sign_in_*,schema_migration}';

/** bigint and numeric as `database-types.ts` parses them. */
export async function generateSchema(databaseUrl: string, outFile: string): Promise<void> {
  const program = join(ROOT, 'node_modules/kysely-codegen/dist/cli/bin.js');
  const options = [
    ['--dialect', 'postgres'],
    ['--url', databaseUrl],
    ['--out-file', outFile],
    ['--default-schema', 'public'],
    ['--include-pattern', 'public.*'],
    ['--exclude-pattern', LEFT_OUT],
    ['--type-mapping', '{"int8":"bigint"}'],
    ['--date-parser', 'string'],
    ['--numeric-parser', 'string'],
    ['--log-level', 'error'],
  ].flat();
  await promisify(execFile)(process.execPath, [program, ...options], { cwd: ROOT });
}
