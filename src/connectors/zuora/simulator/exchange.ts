/** One request with its answer, whole: what a contract check gets to see of the simulated API. */
import { appendFileSync } from 'node:fs';
import type { ApiRequest, Outcome } from './pipeline.ts';

export type Exchange = {
  method: string;
  /** Below the region, without the query. */
  path: string;
  query: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Absent where the connection was closed or cut, or a fault was ordered instead of an answer. */
  answer: { status: number; headers: Readonly<Record<string, string>>; body: string } | undefined;
};

/** A header of tests that ask what no connector should: their refused requests are not held against the document. */
export const WRONG_ON_PURPOSE = 'x-wrong-on-purpose';

export type ExchangeListener = (exchange: Exchange) => void;

const watchers: ExchangeListener[] = [];

/** Shows every exchange of every simulator in this process: for a check over a whole test run. */
export function watchExchanges(listener: ExchangeListener): void {
  watchers.push(listener);
}

export function showExchange(exchange: Exchange, listener: ExchangeListener | undefined): void {
  listener?.(exchange);
  for (const watcher of watchers) watcher(exchange);
}

export function toExchange(request: ApiRequest, outcome: Outcome): Exchange {
  const { method, path, query, headers, body } = request;
  const answer = outcome.end === 'answer' && !outcome.ordered ? outcome.answer : undefined;
  return { method, path, query, headers, body, answer };
}

/** One JSON line for each exchange, without the secrets. */
export function recordTo(file: string): ExchangeListener {
  return (exchange) => {
    const { authorization: _, ...headers } = exchange.headers;
    appendFileSync(file, `${JSON.stringify({ ...exchange, headers })}\n`);
  };
}
