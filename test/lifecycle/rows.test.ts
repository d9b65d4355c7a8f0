/** The registry of rows: complete, equal to its page, and read from test names as it should be. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderPage } from './page.ts';
import { ROWS } from './rows.ts';
import { idsOf, toStandings } from './standing.ts';

const COUNTS = { K: 12, D: 11, M: 12, E: 12, X: 8, P: 18, C: 5, R: 6 };

test('there are the 84 rows of the lifecycle, each once, in order', () => {
  const ids = Object.entries(COUNTS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  );
  expect(ROWS.map(({ id }) => id)).toEqual(ids);
  expect(ids).toHaveLength(84);
});

test('docs/lifecycle.md says what the rows say', () => {
  expect(readFileSync('docs/lifecycle.md', 'utf8')).toBe(renderPage());
});

test('the ids at the beginning of a name are the rows that a test is about', () => {
  expect(idsOf('E3 lines change')).toEqual({ ids: ['E3'], parks: false });
  expect(idsOf('K3, K10 a person chooses, then K4 parks')).toEqual({ ids: ['K3', 'K10'], parks: false });
  expect(idsOf('D10 parks more than 1,000 lines')).toEqual({ ids: ['D10'], parks: true });
  expect(idsOf('a restart of D3')).toEqual({ ids: [], parks: false });
});

test('a row is proved, parked where it may be, or missing', () => {
  const rows = [
    { id: 'A1', case: '', holds: '' },
    { id: 'A2', case: '', holds: '', mayPark: 'always' },
    { id: 'A3', case: '', holds: '', mayPark: 'by policy' },
  ];
  const statesAfter = (...names: string[]) =>
    toStandings(
      rows,
      names.map((name) => ({ name: name.replace('!', ''), file: '', passed: !name.includes('!') })),
    ).map(({ state }) => state);
  expect(statesAfter()).toEqual(['missing', 'missing', 'missing']);
  expect(statesAfter('A1 copies', 'A2 parks')).toEqual(['proved', 'parked', 'missing']);
  expect(statesAfter('A1 parks', 'A2 parks', 'A2 copies')).toEqual(['missing', 'parked', 'missing']);
  expect(statesAfter('A1 copies', 'A3 parks', 'A3 copies')[2]).toBe('proved');
  expect(statesAfter('A1 copies', 'A3 parks')[2]).toBe('parked');
  expect(statesAfter('A1 copies', 'A1 !fails', 'A3 copies')).toEqual(['missing', 'missing', 'proved']);
});
