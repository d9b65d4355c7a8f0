/** Query, header and path of a request against what the OpenAPI document says of them. */
import { Ajv } from 'ajv';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import type { Schema } from './unknown-members.ts';

export type Parameter = { name: string; in: string; required?: boolean; schema?: Schema };
export type Content = Record<string, { schema?: Schema }>;
export type Operation = {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content: Content; required?: boolean };
  responses: Readonly<Record<string, { content?: Content }>>;
};
export type OpenApi = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
};

/** One for all: it keeps what it has compiled. */
const ajv = new Ajv({ strict: false, coerceTypes: 'array', validateFormats: false, logger: false });

type Wrong = { part: 'request'; at: string; message: string };

export function checkParameters(
  { components }: OpenApi,
  { parameters = [] }: Operation,
  { query, headers, path }: Exchange,
  template: string,
): Wrong[] {
  const all = parameters.map((one) =>
    '$ref' in one ? (components.parameters[one.$ref.split('/').at(-1) ?? ''] ?? { name: '?', in: '?' }) : one,
  );
  const wrong = (at: string, message: string) => ({ part: 'request' as const, at, message });
  const found: Wrong[] = [];
  const check = (parameter: Parameter, value: unknown) => {
    if (parameter.schema === undefined || ajv.validate(parameter.schema, value)) return;
    found.push(wrong(`${parameter.in} ${parameter.name}`, ajv.errorsText()));
  };
  const search = new URLSearchParams(query);
  for (const name of new Set(search.keys())) {
    const known = all.find((one) => one.in === 'query' && one.name === name);
    if (known === undefined) found.push(wrong(`query ${name}`, 'is not documented'));
    else check(known, known.schema?.type === 'array' ? search.getAll(name) : search.get(name));
  }
  for (const known of all) {
    if (known.in === 'header') {
      const value = headers[known.name.toLowerCase()];
      if (value !== undefined) check(known, value);
      else if (known.required === true) found.push(wrong(`header ${known.name}`, 'is missing'));
    }
    if (known.in === 'query' && known.required === true && !search.has(known.name))
      found.push(wrong(`query ${known.name}`, 'is missing'));
  }
  for (const [index, part] of template.split('/').entries()) {
    if (!part.startsWith('{')) continue;
    const value = decoded(path.split('/')[index] ?? '');
    const known = all.find((one) => one.in === 'path' && `{${one.name}}` === part);
    if (value === '') found.push(wrong(`path ${part}`, 'is empty'));
    else if (known !== undefined) check(known, value);
  }
  return found;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
