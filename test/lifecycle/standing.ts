/** What test results say about the rows. Pure. */
import type { Row } from './rows.ts';

export type TestResult = { name: string; file: string; passed: boolean };

export type Standing = {
  id: string;
  state: 'proved' | 'parked' | 'missing';
  tests: string[];
  failed: string[];
};

/** "K3 K10 a person ..." is about both; "D10 parks ..." shows that a person is asked. */
const NAME = /^((?:[A-Z]\d+(?:,? ))+)(parks\b)?/;

export function idsOf(name: string): { ids: string[]; parks: boolean } {
  const [, ids = '', parks] = NAME.exec(name) ?? [];
  return { ids: ids.split(/,? /).filter((id) => id !== ''), parks: parks !== undefined };
}

/** A row with a failed test is not proved, whatever its other tests show; a row that always parks is parked at best. */
export function toStandings(rows: readonly Row[], results: readonly TestResult[]): Standing[] {
  return rows.map(({ id, mayPark }) => {
    const about = results.filter(({ name }) => idsOf(name).ids.includes(id));
    const failed = about.filter(({ passed }) => !passed).map(({ name }) => name);
    const tests = about.filter(({ passed }) => passed).map(({ name }) => name);
    const onlyParks = mayPark === 'always' || tests.every((name) => idsOf(name).parks);
    const isShown = tests.length > 0 && failed.length === 0;
    const shown = onlyParks ? (mayPark === undefined ? 'missing' : 'parked') : 'proved';
    return { id, state: isShown ? shown : 'missing', tests, failed };
  });
}
