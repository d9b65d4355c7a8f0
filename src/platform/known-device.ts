/** The cookie by which a browser is known again that somebody has signed in on: no session, only a count of its own. */
import { createHmac, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from './clock.ts';

const LIFE_SECONDS = 180 * 24 * 3600;
const AUDIENCE = 'ml-connector known device';

/** `generation` is the person's: it goes up with each new password and each signing out everywhere. */
export type Device = { personId: string; id: string; generation: number };

export type KnownDevices = {
  /** Reads a Cookie header; undefined for what is not ours, forged or too old. Whether the generation fits is for the caller. */
  read(cookie: string): Promise<Device | undefined>;
  /** For a Set-Cookie header. A device that was known keeps its id. */
  cookieFor(device: Omit<Device, 'id'> & { id?: string | undefined }): Promise<string>;
};

export function createKnownDevices(settings: {
  secret: string;
  secure: boolean;
  clock: Clock;
}): KnownDevices {
  const { clock, secure } = settings;
  const key = createHmac('sha256', settings.secret).update(AUDIENCE).digest();
  const name = `${secure ? '__Host-' : ''}ml-connector.device`;
  const attributes = ['Path=/', `Max-Age=${LIFE_SECONDS}`, 'HttpOnly', 'SameSite=Strict'];
  return {
    async read(cookie) {
      const shown = cookie.split(/; */).find((part) => part.startsWith(`${name}=`));
      if (shown === undefined) return undefined;
      try {
        const { payload } = await jwtVerify(shown.slice(name.length + 1), key, {
          algorithms: ['HS256'],
          audience: AUDIENCE,
          requiredClaims: ['sub', 'jti', 'exp'],
          currentDate: new Date(clock.now()),
        });
        const { sub, jti, generation } = payload;
        if (sub === undefined || jti === undefined || typeof generation !== 'number') return undefined;
        return { personId: sub, id: jti, generation };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },

    async cookieFor({ personId, id = randomUUID(), generation }) {
      const now = Math.floor(clock.now() / 1000);
      const value = await new SignJWT({ generation })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(AUDIENCE)
        .setSubject(personId)
        .setJti(id)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFE_SECONDS)
        .sign(key);
      return [`${name}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ');
    },
  };
}
