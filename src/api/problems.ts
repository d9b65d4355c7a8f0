/** Every error becomes a problem document (RFC 9457) that says what was wrong and, where known, what to do. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { NotFound, UsageError } from '../core/errors.ts';
import { PermissionError } from '../operations/context.ts';
import { ServiceTokensUndecided } from '../operations/users.ts';
import { type Problem, problem } from './contract.ts';

const CODES: Record<number, readonly [code: string, title: string]> = {
  400: ['wrong-request', 'The request is not as it should be'],
  401: ['sign-in-needed', 'Sign in first'],
  403: ['not-allowed', 'Not allowed'],
  404: ['not-found', 'Not found'],
  406: ['not-acceptable', 'No such form of answer'],
  408: ['too-slow', 'The request did not arrive in time'],
  409: ['answer-needed', 'Something has to be decided first'],
  413: ['too-large', 'The request is too large'],
  415: ['wrong-media-type', 'This content type is not accepted here'],
  417: ['no-such-expectation', 'Nothing like that can be expected'],
  421: ['wrong-host', 'This is not the host that was asked for'],
  429: ['too-many', 'Too many requests'],
  431: ['too-large', 'The headers are too large'],
  500: ['internal', 'Something went wrong inside the service'],
  503: ['overloaded', 'The service cannot answer now'],
};

const PROBLEM_TYPE = 'application/problem+json';

export type ProblemDetails = Pick<Problem, 'detail' | 'hint' | 'errors' | 'requestId' | 'serviceTokens'>;

function toProblem(status: number, details: ProblemDetails = {}): Problem {
  const [code, title] = CODES[status] ?? [`status-${status}`, `HTTP ${status}`];
  return { type: `urn:ml-connector:problem:${code}`, title, status, ...details };
}

export function sendProblem(reply: FastifyReply, status: number, details: ProblemDetails = {}): FastifyReply {
  // As text: the answer is then the same whether or not the route declares its errors.
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .serializer((payload: unknown) => String(payload))
    .send(JSON.stringify(toProblem(status, details)));
}

/** Declared by every route of the API, so that the OpenAPI document tells of them. */
const problemContent = { content: { 'application/problem+json': { schema: problem } } };
export const PROBLEMS = {
  '4xx': { description: 'The request was refused; the document says why.', ...problemContent },
  '5xx': { description: 'The service failed; the log has the request id.', ...problemContent },
};

function fieldName(instancePath: string): string {
  return instancePath.replace(/^\//, '').replaceAll('/', '.');
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode <= 599 ? statusCode : 500;
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map(({ instancePath, message }) => ({
      field: fieldName(instancePath),
      message: message ?? 'is wrong',
    }));
    return sendProblem(reply, 400, { errors });
  }
  if (error instanceof PermissionError) return sendProblem(reply, 403, { detail: error.message });
  if (error instanceof ServiceTokensUndecided) {
    const hint = 'Ask again with serviceTokens "keep" or "end".';
    return sendProblem(reply, 409, { detail: error.message, hint, serviceTokens: error.serviceTokens });
  }
  if (error instanceof UsageError) {
    const status = error instanceof NotFound ? 404 : 400;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return sendProblem(reply, status, { detail: error.message, ...hint });
  }
  const status = statusOf(error);
  // The framework's own refusals (media type, size, rate, pressure) have messages that are fit for the caller.
  if (status !== 500 && error instanceof Error) {
    return sendProblem(reply, status, { detail: error.message });
  }
  request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
  return sendProblem(reply, 500, { requestId: request.id });
}

/** An address that cannot be read, before any route is found. The framework's words would repeat it. */
export function answerWrongUrl(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, statusOf(error), { detail: 'The address of the request cannot be read.' });
}

/** What is no HTTP, or too much of it, before there is a request. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = BROKEN[error.code ?? ''] ?? 400;
  const body = JSON.stringify(toProblem(status));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${PROBLEM_TYPE}`;
  if (socket.writable) socket.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  socket.destroy(error);
}

const BROKEN: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** `Expect:` with anything but 100-continue. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  response
    .writeHead(417, { 'content-type': PROBLEM_TYPE, connection: 'close' })
    .end(JSON.stringify(toProblem(417)));
}
