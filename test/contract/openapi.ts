/** An OpenAPI document as a judge of single exchanges: request and answer, members that it does not name included. */
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import type { ContractDocument } from './documents.ts';
import { type Content, checkParameters, type Operation } from './parameters.ts';
import { listUnknownMembers, type Schema } from './unknown-members.ts';

export type Violation = {
  operation: string;
  part: 'request' | 'answer';
  at: string;
  message: string;
};

/** What one exchange showed. `operation` is undefined where the document does not know the path. */
export type Verdict = {
  operation: string | undefined;
  requestChecked: boolean;
  answerChecked: boolean;
  violations: Violation[];
  /** Departures from the document that are known to be the document's fault, by their name. */
  deviations: string[];
};

const FORM = 'application/x-www-form-urlencoded';

export type Judge = { knows(operation: string): boolean; judge(exchange: Exchange): Verdict };

export function createJudge({ openApi: document, deviations }: ContractDocument): Judge {
  const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true, logger: false });
  formats.default(ajv, ['date', 'uuid', 'uri', 'email']);
  ajv.addSchema(document, 'document');
  const compiled = new Map<string, ValidateFunction>();
  const validatorAt = (pointer: string) => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };

  const find = (method: string, path: string) => {
    const segments = path.split('/');
    const fits = Object.keys(document.paths).filter((template) => {
      const parts = template.split('/');
      return (
        document.paths[template]?.[method.toLowerCase()] !== undefined &&
        parts.length === segments.length &&
        parts.every((part, index) => part.startsWith('{') || part === segments[index])
      );
    });
    // "/v1/invoices/batch" is no invoice with that number.
    return fits.sort((a, b) => countOf(a, '{') - countOf(b, '{'))[0];
  };

  function checkValue(
    where: Omit<Violation, 'at' | 'message'>,
    pointer: string,
    schema: Schema,
    value: unknown,
  ) {
    const validate = validatorAt(pointer);
    validate(value);
    const wrong = (validate.errors ?? []).map(({ instancePath, message, params }) => ({
      ...where,
      at: instancePath,
      message: `${message} ${JSON.stringify(params)}`,
    }));
    const unknown = listUnknownMembers(document, schema, value).map((at) => ({
      ...where,
      at,
      message: 'is not documented',
    }));
    return [...wrong, ...unknown];
  }

  function checkBody(
    where: Omit<Violation, 'at' | 'message'>,
    pointer: string,
    content: Content,
    type: string,
    body: string,
  ): Violation[] {
    const [key, described] = Object.entries(content).find(([name]) => mediaTypeOf(name) === type) ?? [];
    if (key === undefined) return [{ ...where, at: '', message: `no body of type ${type} is documented` }];
    if (described?.schema === undefined) return [];
    const value = type === FORM ? Object.fromEntries(new URLSearchParams(body)) : parsed(body);
    return checkValue(where, `${pointer}/content/${escapePointer(key)}/schema`, described.schema, value);
  }

  return {
    knows: (operation) => {
      const [method = '', template = ''] = operation.split(' ');
      return document.paths[template]?.[method.toLowerCase()] !== undefined;
    },
    judge(exchange) {
      const template = find(exchange.method, exchange.path);
      const method = exchange.method.toLowerCase();
      const described = template === undefined ? undefined : document.paths[template]?.[method];
      if (template === undefined || described === undefined) {
        return {
          operation: undefined,
          requestChecked: false,
          answerChecked: false,
          violations: [],
          deviations: [],
        };
      }
      const operation = `${exchange.method} ${template}`;
      const pointer = `/paths/${escapePointer(template)}/${method}`;
      const found: Violation[] = checkParameters(document, described, exchange, template).map((one) => ({
        operation,
        ...one,
      }));
      const { content } = described.requestBody ?? {};
      if (content !== undefined) {
        const type = typeOf(exchange.headers);
        const at = `${pointer}/requestBody`;
        const where = { operation, part: 'request' as const };
        found.push(...checkBody(where, at, content, type, exchange.body));
      } else if (exchange.body !== '') {
        found.push({ operation, part: 'request', at: '', message: 'a body is not documented' });
      }
      const { answer } = exchange;
      const key = answer === undefined ? undefined : responseKey(described, shownStatus(answer));
      const answers = key === undefined ? undefined : described.responses[key]?.content;
      if (answer !== undefined && key === undefined && !deviations.isUndocumentedStatus(exchange)) {
        const message = `HTTP ${answer.status} is not documented`;
        found.push({ operation, part: 'answer', at: '', message });
      }
      if (answer !== undefined && answers !== undefined) {
        const where = { operation, part: 'answer' as const };
        found.push(
          ...checkBody(where, `${pointer}/responses/${key}`, answers, typeOf(answer.headers), answer.body),
        );
      }
      const named = found.map((one) => ({ one, name: deviations.nameOf(one, exchange) }));
      return {
        operation,
        requestChecked: true,
        answerChecked: exchange.answer !== undefined,
        violations: named.flatMap(({ one, name }) => (name === undefined ? [one] : [])),
        deviations: named.flatMap(({ name }) => (name === undefined ? [] : [name])),
      };
    },
  };
}

/**
 * Older versions refuse with HTTP 200, and a repeated key may be answered by 409 with the first result (facts/zuora.md,
 * sections 2 and 4): the body then says which schema is meant.
 */
function shownStatus({ status, body }: NonNullable<Exchange['answer']>): number {
  const said = parsed(body);
  const success = said !== null && typeof said === 'object' && 'success' in said ? said.success : undefined;
  if (status === 200 && success === false) return 400;
  return status === 409 && success === true ? 200 : status;
}

function responseKey({ responses }: Operation, status: number): string | undefined {
  return [String(status), `${Math.floor(status / 100)}XX`].find((key) => responses[key] !== undefined);
}

function typeOf(headers: Readonly<Record<string, string>>): string {
  const [, type] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  return mediaTypeOf(type ?? '');
}

/** "text/xml; charset=UTF-8" -> "text/xml". */
function mediaTypeOf(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function escapePointer(text: string): string {
  return text.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
}

function countOf(text: string, character: string): number {
  return text.split(character).length - 1;
}
