/** Where one document allows what another one does not: members that it does not name, other types, words or lengths. */
import type { OpenApi, Operation } from './parameters.ts';
import { branches, type Schema } from './unknown-members.ts';

type Side = { document: OpenApi; schemas: readonly Schema[] };

/** Of the operations that both know: bodies of requests, and of answers that say yes. */
export function contradictionsOf(narrow: OpenApi, wide: OpenApi): string[] {
  const found = Object.entries(narrow.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, ours]) => {
      const theirs = wide.paths[path]?.[method];
      if (theirs === undefined) return [];
      return [requestOf, answerOf].flatMap((pick) => {
        const [mine, other] = [pick(ours), pick(theirs)];
        if (mine === undefined || other === undefined) return [];
        const at = `${method.toUpperCase()} ${path} ${pick === requestOf ? 'request ' : 'answer '}`;
        return compare({ document: narrow, schemas: [mine] }, { document: wide, schemas: [other] }, at);
      });
    }),
  );
  return [...new Set(found)];
}

const schemaIn = (content: NonNullable<Operation['requestBody']>['content'] | undefined) =>
  Object.values(content ?? {})[0]?.schema;
const requestOf = ({ requestBody }: Operation) => schemaIn(requestBody?.content);
const answerOf = ({ responses }: Operation) => schemaIn(responses['200']?.content);

function compare(narrow: Side, wide: Side, at: string): string[] {
  const [ours, theirs] = [narrow, wide].map(({ document, schemas }) =>
    schemas.flatMap((schema) => branches(document, schema)),
  ) as [Schema[], Schema[]];
  const inside = (pick: (schema: Schema) => Schema | undefined, where: string) => {
    const [mine, others] = [ours, theirs].map((all) => all.flatMap((one) => pick(one) ?? [])) as [
      Schema[],
      Schema[],
    ];
    if (mine.length === 0 || isOpen(theirs)) return [];
    if (others.length === 0) return [`${where} is not named`];
    return compare({ ...narrow, schemas: mine }, { ...wide, schemas: others }, where);
  };
  const names = new Set(ours.flatMap(({ properties = {} }) => Object.keys(properties)));
  const optional = theirs
    .flatMap(({ required = [] }) => required)
    .filter((name) => names.has(name) && !ours.some(({ required = [] }) => required.includes(name)));
  return [
    ...scalars(ours, theirs).map((what) => `${at}: ${what}`),
    ...(at.includes('request') ? optional.map((name) => `${at}/${name} may be missing`) : []),
    ...[...names].flatMap((name) => inside(({ properties }) => properties?.[name], `${at}/${name}`)),
    ...inside(({ items }) => items, `${at}[]`),
  ];
}

/** An object without any members is one that nothing is said of. */
function isOpen(schemas: readonly Schema[]): boolean {
  return schemas.every(({ properties, items }) => properties === undefined && items === undefined);
}

function scalars(ours: readonly Schema[], theirs: readonly Schema[]): string[] {
  const found: string[] = [];
  const types = typesOf(theirs);
  if (types.has('number')) types.add('integer');
  const strange = [...typesOf(ours)].filter((type) => type !== 'null' && types.size > 0 && !types.has(type));
  if (strange.length > 0) found.push(`${strange.join(', ')} instead of ${[...types].join(', ')}`);
  const words = theirs.flatMap((one) => one.enum ?? []);
  const unknown = ours.flatMap((one) => one.enum ?? []).filter((word) => !words.includes(word));
  if (words.length > 0 && unknown.length > 0) found.push(`unknown words ${unknown.join(', ')}`);
  const longest = Math.max(...ours.map((one) => one.maxLength ?? 0));
  const most = Math.max(...theirs.map((one) => one.maxLength ?? Number.POSITIVE_INFINITY));
  if (longest > most && theirs.every((one) => one.maxLength !== undefined))
    found.push(`${longest} characters instead of ${most}`);
  return found;
}

function typesOf(schemas: readonly Schema[]): Set<string> {
  return new Set(schemas.flatMap(({ type }) => (type === undefined ? [] : type)));
}
