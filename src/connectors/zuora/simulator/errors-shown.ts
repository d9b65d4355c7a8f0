/** A refusal in the shape and with the status that the endpoint and the asked version give it. */
import { type JsonRecord, number } from './answers.ts';
import { type Reason, type Refusal, statusOf } from './refusal.ts';
import type { Route } from './routes.ts';
import type { Tenant } from './tenant.ts';

const REAL_STATUS_FROM = '2024-05-20';
const NEW_QUERY_SHAPE_FROM = '2025-08-12';

/** Numbered versions such as 341.0 and a missing header are older than every dated one. */
function isFrom(version: string, first: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(version) && version >= first;
}

const CODED_SHAPE = (reasons: readonly Reason[]) =>
  reasons.map(({ code, message }): JsonRecord => ({ code: number(code), message }));

export type Shown = { status: number; body: JsonRecord };
type Asked = { family: Route['family']; version: string; requestId: string; alwaysOk: boolean };

export function showRefusal(tenant: Tenant, refusal: Refusal, asked: Asked): Shown {
  const reasons = CODED_SHAPE(refusal.reasons);
  const realStatus = refusal.status ?? statusOf(refusal.reasons[0]?.code ?? 0);
  const message = refusal.reasons[0]?.message ?? '';
  if (asked.family === 'settings') return { status: realStatus, body: { code: 'ClientError', message } };
  if (asked.family === 'crud') {
    const errors = refusal.reasons.map((reason) => ({ Code: 'INVALID_VALUE', Message: reason.message }));
    return { status: 400, body: { Success: false, Errors: errors } };
  }
  if (asked.family === 'object-query' && isFrom(asked.version, NEW_QUERY_SHAPE_FROM) && !asked.alwaysOk) {
    return { status: realStatus, body: { reasons, requestId: asked.requestId } };
  }
  const isReal = refusal.status !== undefined || isFrom(asked.version, REAL_STATUS_FROM);
  const status = isReal && !(asked.alwaysOk && refusal.status === undefined) ? realStatus : 200;
  return {
    status,
    body: { success: false, processId: tenant.newProcessId(), requestId: asked.requestId, reasons },
  };
}

/** What the CRUD and query endpoints that are not simulated answer, each in its own shape (facts section 4). */
export function showUnservedLegacy(path: string): Shown | undefined {
  if (path === '/v1/action/query' || path === '/v1/action/queryMore') {
    return { status: 400, body: { FaultCode: 'API_DISABLED', FaultMessage: 'ZOQL is not simulated' } };
  }
  if (path.startsWith('/v1/object/') || path.startsWith('/v1/action/')) {
    return {
      status: 400,
      body: { Success: false, Errors: [{ Code: 'API_DISABLED', Message: 'This endpoint is not simulated' }] },
    };
  }
  return undefined;
}

/** Of what stands before the API and refuses by itself. */
export const EDGE_HTML = (status: number) =>
  `<HTML><HEAD><TITLE>${status === 403 ? 'Access Denied' : status}</TITLE></HEAD><BODY>You don't have permission to access this on this server.</BODY></HTML>`;

export const GATEWAY_HTML = (status: number) =>
  `<html><head><title>${status}</title></head><body><h1>We're sorry, but something went wrong.</h1></body></html>`;
