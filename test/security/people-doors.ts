/** The API over a real database, with people who sign in and tokens that are shown: what the attacks on both go through. */

import { createFakeParts } from '../../src/api/fake/parts.ts';
import { toOperations } from '../../src/api/from-operations.ts';
import { createApiServer } from '../../src/api/server.ts';
import { findToken } from '../../src/operations/tokens.ts';
import type { PeopleParts } from '../../src/operations/users.ts';
import { createSandbox } from '../../src/platform/sandbox.ts';
import { createSignIn } from '../../src/platform/sign-in.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase } from '../kit/database.ts';
import { createEngineKit } from '../kit/engine.ts';

export const BASE_URL = 'http://127.0.0.1:3000';
const SECRET = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';

/** A cookie or a token. */
export type Shown = { cookie: string } | { authorization: string };

export async function openPeopleDoors() {
  const database = await createTestDatabase<DB>({ max: 12 });
  const kit = await createEngineKit(database);
  const signIn = await createSignIn({ pool: database.pool, baseUrl: BASE_URL, secret: SECRET });
  const parts: PeopleParts = { ...kit.parts, accounts: signIn, setupCode: 'code' };
  const sandbox = createSandbox({});
  const app = await createApiServer(
    createFakeParts({
      operations: toOperations({ ...parts, sandbox }),
      signIn,
      findToken: (authorization) => findToken(parts, authorization),
      publicUrl: BASE_URL,
    }),
  );
  const ask = async (
    shown: Shown,
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    payload?: object,
  ) => {
    const answer = await app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { ...shown },
      ...(payload === undefined ? {} : { payload }),
    });
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- each test says what it expects of it
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
  };
  let address = 0;
  const signedIn = async (credentials: { email: string; password: string }): Promise<{ cookie: string }> => {
    address += 1;
    const origin = { origin: BASE_URL };
    const answer = await signIn.signIn(credentials, origin, `198.51.100.${address % 250}`);
    if (answer.outcome !== 'signed-in') throw new Error(answer.outcome);
    return { cookie: answer.cookies.map((cookie) => cookie.split(';')[0]).join('; ') };
  };
  const addPerson = async (email: string, role: 'viewer' | 'operator' | 'admin') => {
    const made = await signIn.addUser({ email, role });
    const { id } = (await signIn.listUsers()).find((user) => user.email === email) ?? { id: '' };
    return { id, ...made, ...(await signedIn(made)) };
  };
  const addToken = async (who: Shown, request: object): Promise<{ id: string; authorization: string }> => {
    const { status, body } = await ask(who, 'POST', '/tokens', request);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    const { id, token } = body as { id: string; token: string };
    return { id, authorization: `Bearer ${token}` };
  };
  const close = async () => {
    await app.close();
    await sandbox.close();
    await database.drop();
  };
  return { database, kit, parts, signIn, app, ask, signedIn, addPerson, addToken, close };
}

export type PeopleDoors = Awaited<ReturnType<typeof openPeopleDoors>>;
