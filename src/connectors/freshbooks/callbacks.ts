/** FreshBooks' callback registrations: create, list, confirm, resend, remove. */
import * as z from 'zod';
import { OperatingError } from '../../core/errors.ts';
import type { Callback, SourceCallbacks } from '../../core/ports.ts';
import type { Client } from './client.ts';
import { isNotFound } from './errors.ts';
import { callbackSchema, parsePage, parseSingle } from './wire.ts';

/** A bare noun subscribes to all its verbs. */
const TOPICS = ['client', 'invoice', 'payment', 'credit_note'] as const;

const PER_PAGE = 100;

/** A callback's address ends in a secret path, and FreshBooks repeats it in every answer. */
const SECRET_FIELDS = ['verifier', 'uri'] as const;

export function createCallbacks(client: Client, account: () => string): SourceCallbacks {
  const path = (remoteId?: string) => {
    const base = `/events/account/${encodeURIComponent(account())}/events/callbacks`;
    return remoteId === undefined ? base : `${base}/${encodeURIComponent(remoteId)}`;
  };
  const parseCallback = (json: unknown) => callbackSchema.parse(parseSingle(json, ['callback']));

  async function list(): Promise<Callback[]> {
    const found: Callback[] = [];
    for (let page = 1; ; page++) {
      const { value } = await client.send({
        call: 'GET callback list',
        method: 'GET',
        path: path(),
        secretFields: SECRET_FIELDS,
        query: [
          ['page', String(page)],
          ['per_page', String(PER_PAGE)],
        ],
        parse: (json) => parsePage(json, 'callbacks'),
      });
      found.push(...z.array(callbackSchema).parse(value.rows));
      if (value.rows.length === 0 || page >= value.pages) return found;
    }
  }

  async function find(topic: string, url: string): Promise<Callback | undefined> {
    return (await list()).find((callback) => callback.topic === topic && callback.url === url);
  }

  /** Registering twice makes no second callback; either way a handshake is on its way afterwards. */
  async function register(topic: string, url: string): Promise<Callback> {
    const existing = await find(topic, url);
    if (existing) {
      await requestHandshake(existing.remoteId);
      return existing;
    }
    try {
      return await create(topic, url);
    } catch (error) {
      const lost = error instanceof OperatingError && error.kind === 'ambiguous';
      const made = lost ? await find(topic, url) : undefined;
      if (made) return made;
      throw withoutPath(error, url);
    }
  }

  async function create(topic: string, url: string): Promise<Callback> {
    const { value } = await client.send({
      call: 'POST callback',
      method: 'POST',
      path: path(),
      secretFields: SECRET_FIELDS,
      body: { callback: { event: topic, uri: url } },
      parse: parseCallback,
    });
    return value;
  }

  async function confirm(remoteId: string, verifier: string): Promise<void> {
    const { value } = await client.send({
      call: 'PUT callback verifier',
      method: 'PUT',
      path: path(remoteId),
      secretFields: SECRET_FIELDS,
      body: { callback: { verifier } },
      parse: parseCallback,
    });
    if (value.verified) return;
    throw new OperatingError('rejected', `FreshBooks did not take the verifier of callback ${remoteId}.`, {
      code: 'not_verified',
    });
  }

  async function requestHandshake(remoteId: string): Promise<void> {
    await client.send({
      call: 'PUT callback resend',
      method: 'PUT',
      path: path(remoteId),
      secretFields: SECRET_FIELDS,
      body: { callback: { resend: true } },
      parse: () => undefined,
    });
  }

  /** A callback that is gone already is removed. */
  async function remove(remoteId: string): Promise<void> {
    try {
      await client.send({
        call: 'DELETE callback',
        method: 'DELETE',
        path: path(remoteId),
        secretFields: SECRET_FIELDS,
        parse: () => undefined,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return { topics: TOPICS, register, list, confirm, requestHandshake, remove };
}

/** FreshBooks may repeat what it refuses, and the end of our address is a secret. */
function withoutPath(error: unknown, url: string): unknown {
  if (!(error instanceof OperatingError) || !error.message.includes(url)) return error;
  const { kind, code, field, until } = error;
  const message = error.message.replaceAll(url, new URL(url).origin);
  return new OperatingError(kind, message, { code, field, until });
}
