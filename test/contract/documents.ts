/**
 * The documents that every exchange with Zuora is judged by: our own in any clone, and the official OpenAPI core where
 * it is at hand (named by ZUORA_OPENAPI, or beside the repository). That file is Zuora's, and no part of this one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Deviations, NO_DEVIATIONS, OFFICIAL_DEVIATIONS } from './deviations.ts';
import type { OpenApi } from './parameters.ts';
import { ZUORA_CALLS } from './zuora-calls.ts';

export type ContractDocument = {
  name: 'ours' | 'official';
  openApi: OpenApi;
  deviations: Deviations;
  /** Ours tells of the connector's requests only: what else a simulator's own tests ask is not held against it. */
  tellsAllThatZuoraTakes: boolean;
};

export const OURS: ContractDocument = {
  name: 'ours',
  openApi: ZUORA_CALLS,
  deviations: NO_DEVIATIONS,
  tellsAllThatZuoraTakes: false,
};

export const NO_OFFICIAL_ONE = 'the official OpenAPI core is not at hand (ZUORA_OPENAPI names it)';

/** Undefined where it is not at hand; a file that is named and missing is an error. */
export function findOfficial(): ContractDocument | undefined {
  const named = process.env['ZUORA_OPENAPI'];
  if (named !== undefined && named !== '' && !existsSync(named))
    throw new Error(`ZUORA_OPENAPI names ${named}, which is not there`);
  const beside = fileURLToPath(new URL('../../../shared/contracts/zuora-openapi-core.json', import.meta.url));
  const path = [named, beside].find((one) => one !== undefined && one !== '' && existsSync(one));
  if (path === undefined) return undefined;
  return {
    name: 'official',
    openApi: JSON.parse(readFileSync(path, 'utf8')) as OpenApi,
    deviations: OFFICIAL_DEVIATIONS,
    tellsAllThatZuoraTakes: true,
  };
}

export function listDocuments(): ContractDocument[] {
  const official = findOfficial();
  return official === undefined ? [OURS] : [OURS, official];
}
