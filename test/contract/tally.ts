/** Adds up what single exchanges showed to the figures of the contract check. */

import { OPERATIONS } from '../../src/connectors/zuora/operations.ts';
import {
  type Exchange,
  type ExchangeListener,
  WRONG_ON_PURPOSE,
} from '../../src/connectors/zuora/simulator/exchange.ts';
import type { ContractDocument } from './documents.ts';
import { createJudge, type Violation } from './openapi.ts';

export type ContractFigures = {
  document: ContractDocument['name'];
  operationsUsed: number;
  operationsCovered: number;
  coveragePercent: number;
  uncovered: string[];
  /** Used, but no part of the document. */
  outsideTheDocument: string[];
  requestsChecked: number;
  answersChecked: number;
  violations: number;
  violationsFound: Violation[];
  deviations: Record<string, number>;
};

export type Tally = { see: ExchangeListener; figures(): ContractFigures };

export function createTally(document: ContractDocument): Tally {
  const judge = createJudge(document);
  const used = new Set<string>(Object.values(OPERATIONS));
  const inDocument = [...used].filter((operation) => judge.knows(operation));
  /** Used, and not in the document: the settings pages, and what only older pages tell of. */
  const outside = [...used].filter((operation) => !judge.knows(operation)).map(patternOf);
  const seen = new Set<string>();
  const deviations: Record<string, number> = {};
  const violations: Violation[] = [];
  let requestsChecked = 0;
  let answersChecked = 0;
  return {
    see(exchange: Exchange) {
      const verdict = judge.judge(exchange);
      const isTestOfSimulator = WRONG_ON_PURPOSE in exchange.headers;
      if (verdict.operation === undefined) {
        if (isTestOfSimulator) return;
        const operation = `${exchange.method} ${exchange.path}`;
        if (outside.some((pattern) => pattern.test(operation))) return;
        violations.push({ operation, part: 'request', at: '', message: 'is no operation of the document' });
        return;
      }
      // Rows with more in them are answered to those who ask for more, and the connector does not.
      const asksForMore = verdict.violations.some(({ at }) => at.startsWith('query '));
      if (isTestOfSimulator && asksForMore && !document.tellsAllThatZuoraTakes) return;
      if (!used.has(verdict.operation) && !isTestOfSimulator) {
        const { operation } = verdict;
        violations.push({
          operation,
          part: 'request',
          at: '',
          message: 'is not in the table of used operations',
        });
      }
      if (exchange.answer?.status === 200) seen.add(verdict.operation);
      if (verdict.requestChecked) requestsChecked += 1;
      if (verdict.answerChecked) answersChecked += 1;
      const isTaken = exchange.answer?.status === 200;
      const isOurs = !isTestOfSimulator || (isTaken && document.tellsAllThatZuoraTakes);
      violations.push(...verdict.violations.filter(({ part }) => part === 'answer' || isOurs));
      for (const name of verdict.deviations) deviations[name] = (deviations[name] ?? 0) + 1;
    },
    figures() {
      const uncovered = inDocument.filter((operation) => !seen.has(operation));
      const operationsCovered = inDocument.length - uncovered.length;
      return {
        document: document.name,
        operationsUsed: inDocument.length,
        operationsCovered,
        coveragePercent: Math.round((operationsCovered / inDocument.length) * 1000) / 10,
        uncovered,
        outsideTheDocument: [...used].filter((operation) => !judge.knows(operation)),
        requestsChecked,
        answersChecked,
        violations: violations.length,
        violationsFound: violations.slice(0, 50),
        deviations,
      };
    },
  };
}

function patternOf(operation: string): RegExp {
  return new RegExp(`^${operation.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`);
}
