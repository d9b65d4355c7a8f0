/** The list of seeded bugs fits the product and the documents. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countText } from './bug-run.ts';
import { rowsIn } from './bug-table.ts';
import { BUGS } from './bugs.ts';

test('at least forty bugs can be seeded: each text that one replaces stands in the product once', () => {
  const astray = BUGS.flatMap(({ name, edits }) =>
    edits.filter((edit) => countText(readFileSync(edit.file, 'utf8'), edit) !== 1).map(() => name),
  );
  expect(astray).toEqual([]);
  expect(BUGS.length).toBeGreaterThanOrEqual(40);
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
});

test('docs/testing.md lists every seeded bug, and no other', () => {
  expect([...rowsIn(readFileSync('docs/testing.md', 'utf8')).keys()]).toEqual(BUGS.map(({ name }) => name));
});
