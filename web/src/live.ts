/** Keeps what is shown fresh: by the server's event stream, and by asking every few seconds while that is down. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState } from 'react';
import type { LiveRecord } from '../../src/api/contract.ts';
import { LIVE_ADDRESS } from './api.ts';

/** Many changes at once (a backfill) must not become as many requests. */
const REFRESH_MS = 1_000;
export const POLL_MS = 5_000;
const REOPEN_MS = 15_000;

export type LiveState = { connected: boolean; changed: ReadonlySet<string> };

export const LiveContext = createContext<LiveState>({ connected: false, changed: new Set() });

export const useLive = () => useContext(LiveContext);

/** Once for the whole dashboard. */
export function useLiveStream(): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>({ connected: false, changed: new Set() });

  useEffect(() => {
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      const changed = new Set(waiting);
      waiting.clear();
      void client.invalidateQueries({ queryKey: ['data'] });
      setState((current) => ({ ...current, changed }));
    };
    let stream: EventSource;
    let reopening: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      stream = new EventSource(LIVE_ADDRESS);
      stream.addEventListener('ready', () => {
        setState((current) => ({ ...current, connected: true }));
        // Whatever happened while the stream was down.
        timer ??= setTimeout(refresh, 0);
      });
      stream.addEventListener('record', (event: MessageEvent<string>) => {
        const { id } = JSON.parse(event.data) as LiveRecord;
        waiting.add(id);
        timer ??= setTimeout(refresh, REFRESH_MS);
      });
      stream.addEventListener('error', () => {
        setState((current) => ({ ...current, connected: false }));
        // A lost connection is opened again by the browser, a refused one (by a proxy, say) only by us.
        if (stream.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
      });
    };
    open();
    return () => {
      stream.close();
      clearTimeout(timer);
      clearTimeout(reopening);
    };
  }, [client]);

  useEffect(() => {
    const every = state.connected ? POLL_MS * 12 : POLL_MS;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: ['data'] }), every);
    return () => clearInterval(timer);
  }, [client, state.connected]);

  return state;
}
