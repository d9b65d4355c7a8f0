/** How PostgreSQL's column types become JavaScript values: nothing is rounded and no date gets a time zone. */
import pg from 'pg';

const INT8 = 20;
const DATE = 1082;
const TIMESTAMP = 1114;
const INT8_ARRAY = 1016;
const TEXT_ARRAY: number = 1009;
const DATE_ARRAY = 1182;
const TIMESTAMP_ARRAY = 1115;
const NUMERIC_ARRAY = 1231;

type Parse = (text: string) => unknown;

const parseTextArray: Parse = pg.types.getTypeParser(TEXT_ARRAY, 'text');

const PARSERS = new Map<number, Parse>([
  [INT8, BigInt],
  [DATE, String],
  [TIMESTAMP, String],
  [INT8_ARRAY, parseBigIntArray],
  [DATE_ARRAY, parseTextArray],
  [TIMESTAMP_ARRAY, parseTextArray],
  [NUMERIC_ARRAY, parseTextArray],
]);

/**
 * int8 -> bigint, numeric and date -> string, timestamp without zone -> string, timestamptz -> Date, json -> parsed.
 * Set per connection: pg's global parsers, which other libraries share, stay as they are. Note that a JavaScript array
 * given for a json column must be stringified first, since pg takes it for a PostgreSQL array.
 */
export const columnParsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
    return PARSERS.get(oid) ?? pg.types.getTypeParser(oid, 'text');
  },
};

function parseBigIntArray(text: string): unknown {
  const items = parseTextArray(text);
  return Array.isArray(items) ? items.map((item) => (item === null ? null : BigInt(String(item)))) : items;
}
