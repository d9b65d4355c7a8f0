/** Where the document and the wire are known to disagree (facts/zuora.md, section 11): a closed list, counted apart. */
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import type { Violation } from './openapi.ts';

type Deviation = { name: string; holds: (violation: Violation, exchange: Exchange) => boolean };

const LIST: readonly Deviation[] = [
  {
    name: 'error codes are numbers on the wire and texts in the document',
    holds: ({ part, at, message }) =>
      part === 'answer' && /\/reasons\/\d+\/code$/.test(at) && message.startsWith('must be string'),
  },
];

export const DEVIATIONS = {
  nameOf: (violation: Violation, exchange: Exchange): string | undefined =>
    LIST.find(({ holds }) => holds(violation, exchange))?.name,
  /** The token endpoint documents 200 and 429 only; its refusals are known from Zuora's own Ruby client. */
  isUndocumentedStatus: ({ path, answer }: Exchange): boolean =>
    path === '/oauth/token' && answer !== undefined && [400, 401, 403, 415].includes(answer.status),
};
