/** The types of our tables are those of the migrated database. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/kit/database.ts';
import { generateSchema, SCHEMA_FILE } from '../../test/kit/schema-types.ts';

test('schema.ts says what the migrations made (npm run generate:db writes it)', async () => {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'ml-connector-schema-'));
  try {
    const fresh = join(folder, 'schema.ts');
    await generateSchema(database.url, fresh);
    expect(await readFile(fresh, 'utf8')).toBe(await readFile(SCHEMA_FILE, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  }
});
