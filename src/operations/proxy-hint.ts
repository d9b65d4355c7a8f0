/** Says where everybody comes through a proxy that is not trusted, so that limits by address count all people as one. */
import { nowOf } from '../engine/parts.ts';
import { createProxyWatch, type ProxyWatch } from '../platform/proxy-watch.ts';
import { findSeenProxy, forgetSeenProxy, saveSeenProxy } from '../store/seen-proxy.ts';
import type { OperationParts } from './parts.ts';

/** It was told anew every ten minutes while it was so; after a day without a request nobody knows. */
const TOLD_FOR_MS = 86_400_000;

/** For the process that has the server; what it sees is stored, for commands are other processes. */
export function watchProxies(parts: OperationParts): ProxyWatch {
  const { db, clock, log } = parts;
  let logged: string | undefined;
  return createProxyWatch(clock, (address) => {
    if (address !== undefined && address !== logged) log.warn({ address }, hintOf(address));
    logged = address;
    const stored = address === undefined ? forgetSeenProxy(db) : saveSeenProxy(db, address, nowOf(parts));
    stored.catch((error: unknown) => log.warn({ err: error }, 'what was seen of a proxy is not stored'));
  });
}

/** What a person should know about how the service is reached; empty where all is well. */
export async function listHints(parts: OperationParts): Promise<string[]> {
  const address = await findSeenProxy(parts.db, new Date(parts.clock.now() - TOLD_FOR_MS));
  return address === undefined ? [] : [hintOf(address)];
}

function hintOf(address: string): string {
  return `Every request comes from ${address}, which says that it forwards them for others and is not trusted, so limits by address count everybody as one. If it is your own proxy, set ML_TRUSTED_PROXIES=${address} and let it send X-Forwarded-For; if you do not know it, find out who it is first.`;
}
