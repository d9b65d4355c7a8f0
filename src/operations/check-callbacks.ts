/** Compares our callbacks with what the source says of them, each with its state in plain words. */
import { OperatingError } from '../core/errors.ts';
import type { Callback, PingCheck } from '../core/ports.ts';
import { hookUrl } from '../engine/callbacks.ts';
import type { OpenConnection } from '../engine/connection-runtime.ts';
import { type CallbackRow, listCallbacks } from '../store/callbacks.ts';
import type { OperationParts } from './parts.ts';

const SOON = 'The running service does it by itself within two minutes. Polling finds changes meanwhile.';

export async function checkCallbacks(
  parts: OperationParts,
  { connection, source }: OpenConnection,
): Promise<PingCheck[]> {
  if (!connection.webhooksEnabled) {
    const polling = connection.pollIntervalSeconds > 0 || connection.pollCron !== null;
    return [
      {
        name: 'callbacks',
        ok: polling,
        detail: polling
          ? 'switched off: changes come by polling'
          : 'switched off, and so is polling: nothing new comes',
        ...(polling ? {} : { fix: 'connection set NAME --poll-seconds 300, or --webhooks' }),
      },
    ];
  }
  const remote = await listRemote(source);
  if (!Array.isArray(remote)) return [remote];
  const rows = await listCallbacks(parts.db, parts.vault, connection.id);
  return source.callbacks.topics.map((topic) => {
    const row = rows.find((own) => own.topic === topic && own.role === 'current');
    const next = rows.find((own) => own.topic === topic && own.role === 'next');
    const url = row && hookUrl(parts.publicUrl, row.path);
    const found = row && remote.find((one) => one.remoteId === row.remoteId || one.url === url);
    const state = stateOf(row, found, url);
    const words = next || row?.replaceAt ? `${state.detail}; it is getting a new path` : state.detail;
    return { name: `callback ${topic}`, ...state, detail: words };
  });
}

async function listRemote({ callbacks }: OpenConnection['source']): Promise<Callback[] | PingCheck> {
  try {
    return await callbacks.list();
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const fix = 'Polling goes on meanwhile; ping again later.';
    return { name: 'callbacks', ok: false, detail: error.message, fix };
  }
}

/** The rest of the address is a secret. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'an address that cannot be read';
}

function stateOf(
  row: CallbackRow | undefined,
  remote: Callback | undefined,
  url: string | undefined,
): Omit<PingCheck, 'name'> {
  if (!row || row.remoteId === null) return { ok: false, detail: 'not registered yet', fix: SOON };
  if (!remote) {
    const fix = `It is registered again. ${SOON}`;
    return { ok: false, detail: 'gone: the source does not know it any more', fix };
  }
  if (remote.url !== url) {
    const fix = `Start the service with the public URL it was registered for, or wait: it is registered anew. ${SOON}`;
    return { ok: false, detail: `registered for another address, at ${originOf(remote.url)}`, fix };
  }
  const reach = `Make sure that ${new URL(remote.url).origin} can be reached from the internet and answers within 10 s; a new handshake is asked for. ${SOON}`;
  if (remote.verified) {
    return row.verifier === undefined
      ? { ok: false, detail: 'verified, but its key is not known here', fix: reach }
      : { ok: true, detail: `verified, number ${remote.remoteId}` };
  }
  const disabled = row.verifiedAt !== null;
  return {
    ok: false,
    detail: disabled
      ? 'disabled by the source after failed deliveries'
      : 'not verified: its handshake is unanswered',
    fix: reach,
  };
}
