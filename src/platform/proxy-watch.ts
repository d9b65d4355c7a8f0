/** Notices where every request comes through one proxy that is not trusted: everybody has one address then. */
import type { Clock } from './clock.ts';

/** `ip` is who the request is of as the server sees it: the peer itself unless the peer is a trusted proxy. */
export type Asked = { peer: string; ip: string; forwarded: boolean };

export interface ProxyWatch {
  note(request: Asked): void;
}

const WINDOW_MS = 600_000;
/** Fewer in a window say nothing. */
const LEAST = 20;

/** `tell` hears of the proxy's address once in a window, and undefined once it is not so, or not any more. */
export function createProxyWatch(
  clock: Pick<Clock, 'now'>,
  tell: (address: string | undefined) => void,
): ProxyWatch {
  let window = { since: clock.now(), requests: 0, peer: undefined as string | undefined, mixed: false };
  /** What an earlier process has told is unknown. */
  let told: 'unknown' | 'proxy' | 'none' = 'unknown';
  return {
    note({ peer, ip, forwarded }) {
      const now = clock.now();
      if (now - window.since >= WINDOW_MS)
        window = { since: now, requests: 0, peer: undefined, mixed: false };
      if (window.mixed) return;
      window.requests += 1;
      window.peer ??= peer;
      if (!forwarded || ip !== peer || window.peer !== peer) {
        window.mixed = true;
        if (told !== 'none') tell(undefined);
        told = 'none';
      } else if (window.requests === LEAST) {
        tell(peer);
        told = 'proxy';
      }
    },
  };
}
