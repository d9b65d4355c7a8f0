/** Webhook subscription endpoints: create, list, read, verify, resend, delete. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Callback, isKnownEvent, nounOf, scopeOfEvent } from './callbacks.ts';
import { listRows, type Query } from './listing.ts';
import type { Simulator } from './simulator.ts';

const PATH = '/events/account/:accountId/events/callbacks';
const HANDSHAKE_PATIENCE_MS = 2000;

const CreateBody = z.object({ callback: z.object({ event: z.string(), uri: z.string() }) });
const PutBody = z.object({
  callback: z.object({
    verifier: z.string().optional(),
    resend: z.boolean().optional(),
    event: z.string().optional(),
    uri: z.string().optional(),
  }),
});

type Params = { Params: { id: string } };

export function registerCallbacks(api: FastifyInstance, sim: Simulator): void {
  const { callbacks } = sim;
  const find = (id: string) => callbacks.find(Number.parseInt(id, 10));

  api.post(PATH, { config: { kind: 'POST callback' } }, async (request, reply) => {
    const body = CreateBody.safeParse(request.body);
    const { event = '', uri = '' } = body.data?.callback ?? {};
    const violations = violationsOf(event, uri);
    if (violations.length > 0) return sendInvalid(reply, violations);
    const scope = scopeOfEvent(event);
    if (request.scopes?.has(scope) !== true) {
      return sendRpcError(reply, 403, 7, `The token lacks the scope ${scope}.`);
    }
    const callback = callbacks.create(event, uri);
    const handshake = sim.announcer.shakeHands(callback);
    if (sim.faults.handshakeFirst) await untilTried(sim, handshake);
    return single(callback);
  });

  api.get<{ Querystring: Query }>(PATH, { config: { kind: 'LIST callback' } }, (request) => {
    const rows = callbacks.all().map((callback) => ({ ...callback, visState: 0 }));
    const { page, pages, perPage, total, ...list } = listRows(rows, request.query, {
      object: 'callback',
      filters: {
        event: (row, value) => row.event === value || row.event === nounOf(value),
        uri: (row, value) => row.uri === value,
      },
      sorters: {},
    });
    return {
      response: { result: { callbacks: list.rows.map(toWire), page, pages, per_page: perPage, total } },
    };
  });

  api.get<Params>(`${PATH}/:id`, { config: { kind: 'GET callback' } }, (request, reply) => {
    const callback = find(request.params.id);
    return callback === undefined ? sendMissing(reply) : single(callback);
  });

  api.put<Params>(`${PATH}/:id`, { config: { kind: 'PUT callback' } }, (request, reply) => {
    const callback = find(request.params.id);
    if (callback === undefined) return sendMissing(reply);
    const { verifier, resend, event, uri } = PutBody.safeParse(request.body).data?.callback ?? {};
    if (event !== undefined || uri !== undefined) {
      const violations = violationsOf(event ?? callback.event, uri ?? callback.uri);
      if (violations.length > 0) return sendInvalid(reply, violations);
      callbacks.update(callback, { event, uri });
      sim.announcer.shakeHands(callback);
      return single(callback);
    }
    if (resend === true) {
      if (!callback.verified && sim.faults.resendVerifier === 'new') callbacks.renewVerifier(callback);
      sim.announcer.shakeHands(callback);
      return single(callback);
    }
    const isTaken = verifier !== undefined && callbacks.verify(callback, verifier);
    if (!isTaken && sim.faults.wrongVerifier === 'refused') {
      return sendInvalid(reply, [{ field: 'verifier', description: 'Value error, Invalid verifier.' }]);
    }
    return single(callback);
  });

  api.delete<Params>(`${PATH}/:id`, { config: { kind: 'DELETE callback' } }, (request, reply) => {
    const callback = find(request.params.id);
    if (callback === undefined) return sendMissing(reply);
    callbacks.delete(callback.id);
    return { response: { result: {} } };
  });
}

function violationsOf(event: string, uri: string): { field: string; description: string }[] {
  return [
    ...(isKnownEvent(event) ? [] : [{ field: 'event', description: 'Value error, Unrecognized event.' }]),
    ...(isWebUrl(uri) ? [] : [{ field: 'uri', description: 'Input should be a valid URL.' }]),
  ];
}

async function untilTried(sim: Simulator, delivery: { attempts: number; status: string; outcome: string }) {
  for (let waited = 0; waited < HANDSHAKE_PATIENCE_MS && delivery.outcome === ''; waited += 10) {
    await sim.clock.sleep(10);
  }
}

function toWire({
  id,
  event,
  uri,
  verified,
  updatedAt,
}: Pick<Callback, 'id' | 'event' | 'uri' | 'verified' | 'updatedAt'>) {
  return { callbackid: id, event, id, updated_at: updatedAt, uri, verified };
}

function single(callback: Callback) {
  return { response: { result: { callback: toWire(callback) } } };
}

function isWebUrl(uri: string): boolean {
  return URL.canParse(uri) && ['http:', 'https:'].includes(new URL(uri).protocol);
}

function sendInvalid(reply: FastifyReply, fieldViolations: { field: string; description: string }[]) {
  return sendRpcError(reply, 422, 3, 'Invalid data in this request.', [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations },
    {
      '@type': 'type.googleapis.com/google.rpc.Help',
      links: [{ description: 'API Documentation', url: 'https://www.freshbooks.com/api/webhooks' }],
    },
  ]);
}

function sendMissing(reply: FastifyReply) {
  return sendRpcError(reply, 404, 5, 'Requested resource could not be found.');
}

function sendRpcError(
  reply: FastifyReply,
  status: number,
  code: number,
  message: string,
  details: object[] = [],
) {
  return reply.code(status).send({ code, message, details });
}
