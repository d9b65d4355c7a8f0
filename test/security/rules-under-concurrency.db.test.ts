/** Every rule of the form "at least one" or "at most one", asked for by two at the same moment, again and again. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { connectionPauser } from '../../src/engine/pause.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import type { Actor } from '../../src/operations/context.ts';
import { listAudit } from '../../src/operations/list-audit.ts';
import { removeConnection } from '../../src/operations/remove-connection.ts';
import { continueReplays, startReplay } from '../../src/operations/replay-runs.ts';
import { resolveRecord } from '../../src/operations/resolve-record.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { removeUser, setUp, setUserRole } from '../../src/operations/users.ts';
import { recordParkedAlerts, takeDueAlert } from '../../src/store/alerts.ts';
import { advanceBackfill, findBackfill, insertBackfill } from '../../src/store/backfills.ts';
import { insertCallback, listCallbacks } from '../../src/store/callbacks.ts';
import { markConnectionRemoved, takeDuePolls } from '../../src/store/connections.ts';
import { insertConsent, takeConsent } from '../../src/store/consents.ts';
import { renewSecrets } from '../../src/store/credentials.ts';
import { insertDelivery } from '../../src/store/deliveries.ts';
import { acquireLease } from '../../src/store/lanes.ts';
import { saveLink } from '../../src/store/links.ts';
import { appendTrail } from '../../src/store/trail.ts';
import { addNotice } from '../../src/store/upgrade-notices.ts';
import { ADMIN, type EngineKit, PUBLIC_URL } from '../kit/engine.ts';
import { openPeopleDoors, type PeopleDoors } from './people-doors.ts';

let doors: PeopleDoors;
let kit: EngineKit;
let rounds = 0;
let renewals = 0;
const now = () => new Date(kit.parts.clock.now());
const db = () => doors.database.db;

beforeAll(async () => {
  doors = await openPeopleDoors();
  kit = doors.kit;
});
afterAll(() => doors.close());

/** How many of those that asked at once were let through; the others were told no, or that somebody was first. */
async function winners(asks: readonly Promise<unknown>[]): Promise<number> {
  const ends = await Promise.allSettled(asks);
  return ends.filter((end) => end.status === 'fulfilled' && end.value !== false && end.value !== undefined)
    .length;
}

async function countOf(query: string, ...values: unknown[]): Promise<number> {
  return (
    (
      await doors.database.pool.query<{ count: number }>(
        `select count(*)::int as count from ${query}`,
        values,
      )
    ).rows[0]?.count ?? -1
  );
}

/** A name or id that no other round has. */
const fresh = (what: string) => `${what}-${rounds}`;
const documentId = async () => {
  await kit.accept({ kind: 'invoice', sourceId: fresh('doc') });
  return (await kit.document('invoice', fresh('doc'))).id;
};

describe('the first account', () => {
  test('is made once, however many have the code', async () => {
    const asks = Array.from({ length: 6 }, (_, index) =>
      setUp(doors.parts, {
        code: 'code',
        email: `first${index}@example.com`,
        password: 'correct horse battery',
      }),
    );
    expect(await winners(asks)).toBe(1);
    expect(await countOf("users where role = 'admin'")).toBe(1);
  });
});

describe('an admin stays, whoever acts on whom at the same moment:', () => {
  const pair = async () => {
    await doors.database.pool.query(
      `insert into users (name, email, email_verified, role) values ('a', 'a@pair', true, 'admin'), ('b', 'b@pair', true, 'admin')`,
    );
    await doors.database.pool.query("delete from users where email not like '%@pair'");
    const { rows } = await doors.database.pool.query<{ id: string; email: string }>(
      'select id, email from users order by email',
    );
    const [a, b] = rows.map(({ id, email }) => ({
      id,
      actor: { name: `user:${email}`, role: 'admin', personId: id } satisfies Actor,
    }));
    if (!a || !b) throw new Error('no pair');
    return { a, b };
  };
  /** The next pair replaces this one. */
  const clear = () => doors.database.pool.query("update users set email = email || ' ' || id");
  type Act = (actor: Actor, userId: string) => Promise<unknown>;
  const demote: Act = (actor, userId) => setUserRole(doors.parts, actor, { userId, role: 'viewer' });
  const remove: Act = (actor, userId) => removeUser(doors.parts, actor, { userId });
  const machine = ADMIN;

  test.each<[string, Act, Act, boolean]>([
    ['two demote each other', demote, demote, true],
    ['two remove each other', remove, remove, true],
    ['one demotes and one removes', demote, remove, true],
    ['the machine removes both', remove, remove, false],
    ['the machine demotes both', demote, demote, false],
  ])('%s', async (_what, first, second, mutual) => {
    for (let round = 0; round < 10; round += 1) {
      const { a, b } = await pair();
      expect(
        await winners([first(mutual ? a.actor : machine, b.id), second(mutual ? b.actor : machine, a.id)]),
      ).toBe(1);
      expect(await countOf("users where role = 'admin'")).toBe(1);
      await clear();
    }
  });

  test('each demotes themselves', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { a, b } = await pair();
      expect(await winners([demote(a.actor, a.id), demote(b.actor, b.id)])).toBe(1);
      expect(await countOf("users where role = 'admin'")).toBe(1);
      await clear();
    }
  });

  test('whatever goes around the operations is refused by the database', async () => {
    await pair();
    for (const words of ["update users set role = 'viewer'", 'delete from users'])
      await expect(doors.database.pool.query(words)).rejects.toThrow('the last admin has to stay one');
    await clear();
  });
});

/** `asks` are made anew for each round and asked at once. */
type AtMostOne = {
  rule: string;
  asks: () => Promise<readonly (() => Promise<unknown>)[]>;
  /** How many are let through; the others are told no, or do nothing. */
  let: number;
  /** How many there are afterwards, where more than the answers counts. */
  there?: () => Promise<number>;
};

const both = (ask: () => Promise<unknown>) => [ask, ask];
const side = (connector: string, secrets: Record<string, string>, values = {}) => ({
  connector,
  values,
  secrets,
});
const newConnection = (name: string) => () =>
  addConnection(kit.parts, ADMIN, {
    name,
    source: side(kit.source.id, { key: 'k', refreshToken: 't' }, { accountId: kit.books.account }),
    destination: side(kit.destination.id, { password: 'p' }),
    webhooksEnabled: false,
    pollIntervalSeconds: 0,
  });
/** An ask in a transaction of its own. */
const inTurn = (ask: (tx: Parameters<typeof appendTrail>[0]) => Promise<unknown>) => () =>
  db().transaction().execute(ask);

const AT_MOST_ONE: AtMostOne[] = [
  {
    rule: 'one account for each e-mail',
    asks: async () =>
      both(() => doors.signIn.addUser({ email: `${fresh('p')}@example.com`, role: 'viewer' })),
    let: 1,
  },
  {
    rule: 'one connection for each name',
    asks: async () => both(newConnection(fresh('name'))),
    let: 1,
    there: () => countOf('connections where name = $1', fresh('name')),
  },
  {
    rule: 'a connection is removed once',
    asks: async () => {
      const { id } = await newConnection(fresh('removed'))();
      return both(inTurn((tx) => markConnectionRemoved(tx, id, now())));
    },
    let: 1,
  },
  {
    rule: 'a connection pauses once, with one entry',
    asks: async () => {
      const { id } = await newConnection(fresh('paused'))();
      return both(() => connectionPauser(kit.parts)(id, 'together', 'test'));
    },
    let: 1,
    there: () =>
      countOf(
        `trail where payload like '%paused: together%' and connection_id = (select id from connections where name = $1)`,
        fresh('paused'),
      ),
  },
  {
    rule: 'one open delivery for each document and step',
    asks: async () => {
      const step = { kind: 'post-invoice', invoice: { id: 'x', number: 'x' } };
      const delivery = {
        connectionId: kit.connectionId,
        documentId: await documentId(),
        step,
        request: {},
        mappingVersion: '1',
      };
      let index = 0;
      return both(() => {
        index += 1;
        const id = `00000000-0000-7000-8000-${`${rounds}`.padStart(11, '0')}${index}`;
        return insertDelivery(
          db(),
          { id, ...delivery } as unknown as Parameters<typeof insertDelivery>[1],
          now(),
        );
      });
    },
    let: 1,
    there: async () =>
      countOf(
        "deliveries d join documents o on o.id = d.document_id where o.source_id = $1 and d.state = 'intended'",
        fresh('doc'),
      ),
  },
  {
    rule: 'one document for each kind and source id (I2)',
    asks: async () => both(() => kit.accept({ kind: 'invoice', sourceId: fresh('same') }).then(() => true)),
    let: 2,
    there: () => countOf('documents where source_id = $1', fresh('same')),
  },
  {
    rule: 'one source document for each copy (I2)',
    asks: async () =>
      ['a', 'b'].map((name) => () => {
        const { connectionId } = kit;
        const key = { connectionId, kind: 'invoice' as const, sourceId: fresh(name), currency: 'USD' };
        const more = { stage: 'posted', fingerprint: '', copied: {}, generation: 0 };
        const counterpart = { id: fresh('copy'), number: fresh('copy') };
        return saveLink(db(), { ...key, ...more, counterpart }, now()).then(() => true);
      }),
    let: 1,
    there: () => countOf('links where counterpart_id = $1', fresh('copy')),
  },
  {
    rule: 'one holder of a lane (I5)',
    asks: async () => {
      const key = { connectionId: kit.connectionId, lane: fresh('lane') };
      return ['a', 'b', 'c'].map((holder) => () => acquireLease(db(), key, holder, now(), 15_000));
    },
    let: 1,
  },
  {
    rule: 'a poll that is due is taken once',
    asks: async () => {
      await doors.database.pool.query(
        "update connections set state = 'active', next_poll_at = $1 where id = $2",
        [now(), kit.connectionId],
      );
      return both(inTurn(async (tx) => (await takeDuePolls(tx, now())).includes(kit.connectionId)));
    },
    let: 1,
  },
  {
    rule: 'a consent is good for one return',
    asks: async () => {
      const consent = { connectionId: kit.connectionId, codeVerifier: 'v', redirectUri: 'r', actor: 'a' };
      await insertConsent(db(), kit.parts.vault, fresh('state'), consent, new Date(now().getTime() + 60_000));
      return both(() => takeConsent(db(), kit.parts.vault, fresh('state'), now()));
    },
    let: 1,
  },
  {
    rule: 'one renewal of a token at a time, and none from what was used up (I6)',
    asks: async () => {
      const key = { connectionId: kit.connectionId, side: 'source' as const };
      renewals = 0;
      const renew: Parameters<typeof renewSecrets>[3] = async (current) => {
        if (current['refreshToken'] === fresh('next')) return undefined;
        renewals += 1;
        return { ...current, refreshToken: fresh('next') };
      };
      return both(() => renewSecrets(db(), kit.parts.vault, key, renew, now));
    },
    let: 2,
    there: async () => renewals,
  },
  {
    rule: 'one callback for each topic',
    asks: async () => {
      const { id: connectionId } = await newConnection(fresh('callbacks'))();
      return ['a', 'b'].map((path, index) => async () => {
        const id = `00000000-0000-7000-9000-${`${rounds}`.padStart(11, '0')}${index}`;
        const callback = { id, connectionId, topic: 't', role: 'current' as const, path: fresh(path) };
        await insertCallback(db(), kit.parts.vault, callback, now());
        return (await listCallbacks(db(), kit.parts.vault, connectionId)).some((one) => one.id === id);
      });
    },
    let: 1,
  },
  {
    rule: 'one registration at the source for each callback',
    asks: async () => {
      await doors.database.pool.query("update connections set state = 'active' where id = $1", [
        kit.connectionId,
      ]);
      await doors.database.pool.query('delete from callbacks where connection_id = $1', [kit.connectionId]);
      for (const { remoteId } of kit.books.callbacks()) kit.books.remove(remoteId);
      return [kit.parts, kit.another(fresh('other'))].map(
        (parts) => () => tendCallbacks(parts, parts.runtime, kit.connectionId, PUBLIC_URL).then(() => true),
      );
    },
    let: 2,
    there: async () =>
      kit.books.callbacks().length / new Set(kit.books.callbacks().map(({ url }) => url)).size,
  },
  {
    rule: 'a page of a backfill is stored once (I9)',
    asks: async () => {
      const id = `00000000-0000-7000-a000-${`${rounds}`.padStart(12, '0')}`;
      const { connectionId } = kit;
      await insertBackfill(
        db(),
        { id, connectionId, changedSince: null, kind: 'invoice', actor: 'a' },
        now(),
      );
      const from = await findBackfill(db(), id);
      if (!from) throw new Error('no backfill');
      return both(() => advanceBackfill(db(), from, { ...from, cursor: 'next' }, now()));
    },
    let: 1,
  },
  {
    rule: 'an alert that is due is taken once',
    asks: async () => {
      await doors.database.pool.query('delete from alerts');
      await doors.database.pool.query(
        `insert into alerts (id, connection_id, what, code, count, created_at, next_at)
         values (gen_random_uuid(), $1, 'paused', 'x', 1, $2, $2)`,
        [kit.connectionId, now()],
      );
      const later = new Date(now().getTime() + 60_000);
      return both(() => takeDueAlert(db(), kit.connectionId, now(), later));
    },
    let: 1,
  },
  {
    rule: 'what parked is told once in its time',
    asks: async () => {
      await doors.database.pool.query('delete from alerts');
      const park = `update documents set state = 'parked', reason = '{"code":"x"}', changed_at = $1 where id = $2`;
      await doors.database.pool.query(park, [now(), await documentId()]);
      await doors.database.pool.query(
        "update connections set alert_url = 'https://a', alert_since = '2020-01-01' where id = $1",
        [kit.connectionId],
      );
      return both(() => recordParkedAlerts(db(), now(), 3_600_000).then(() => true));
    },
    let: 2,
    there: () => countOf("alerts where what = 'parked' and code = 'x'"),
  },
  {
    rule: 'a record of a replay is taken once, however many processes work on it',
    asks: async () => {
      await startReplay(kit.parts, ADMIN, { recordIds: [await documentId()] });
      return both(() => continueReplays(kit.parts).then(() => true));
    },
    let: 2,
    there: async () => {
      await expect.poll(() => countOf('replay_items where taken_at is null')).toBe(0);
      return countOf(
        "events e join documents d on d.id = e.document_id where d.source_id = $1 and e.origin = 'replay'",
        fresh('doc'),
      );
    },
  },
  {
    rule: 'an entry has its own place in the chain (I8)',
    asks: async () => {
      const entry = {
        subject: fresh('chain'),
        connectionId: undefined,
        actor: 'a',
        entry: 'decision' as const,
        data: { summary: 's' },
      };
      return both(() => appendTrail(db(), entry, now()).then(() => true));
    },
    let: 2,
    there: async () =>
      (await countOf('trail where subject = $1', fresh('chain'))) -
      (await countOf('trail where subject = $1 and position = 2', fresh('chain'))),
  },
  {
    rule: 'a notice is given once',
    asks: async () =>
      both(() => addNotice(db(), { code: 'c', subject: fresh('s'), message: 'm' }, now()).then(() => true)),
    let: 2,
    there: () => countOf('upgrade_notices where subject = $1', fresh('s')),
  },
];

describe('at most one, however many ask at once:', () => {
  test.each(AT_MOST_ONE.map((one) => [one.rule, one] as const))(
    '%s',
    async (_rule, { asks, let: expected, there }) => {
      for (let round = 0; round < 4; round += 1) {
        rounds += 1;
        const all = await asks();
        expect(await winners(all.map((ask) => ask()))).toBe(expected);
        if (there) expect(await there()).toBe(1);
      }
    },
  );

  test('no secret stays with a connection that was removed while it was being changed', async () => {
    rounds += 1;
    const { id } = await newConnection(fresh('secret'))();
    const request = { connection: id, values: { source: { key: 'new' } } };
    await Promise.allSettled([
      removeConnection(kit.parts, ADMIN, { connection: id, force: true }),
      removeConnection(kit.parts, ADMIN, { connection: id, force: true }),
      setConnection(kit.parts, ADMIN, request),
      setConnection(kit.parts, ADMIN, request),
    ]);
    expect(await countOf('credentials where connection_id = $1', id)).toBe(0);
    expect(await countOf("trail where connection_id = $1 and payload like '%removed; records%'", id)).toBe(1);
  });
});

describe('of two decisions at the same moment', () => {
  test('about one record, none is lost', async () => {
    for (let round = 0; round < 4; round += 1) {
      rounds += 1;
      const recordId = await documentId();
      const choices = ['renumber', 'heal'].map((choice) => ({ choice, label: choice, explains: '' }));
      await sql`update documents set state = 'parked', reason = ${JSON.stringify({ code: 'x', message: 'm', choices })}::jsonb
        where id = ${recordId}`.execute(db());
      const asks = ['renumber', 'renumber', 'heal'].map((choice) =>
        resolveRecord(kit.parts, ADMIN, { recordId, choice }),
      );
      expect(await winners(asks)).toBe(3);
      const { rows } = await doors.database.pool.query('select decisions from documents where id = $1', [
        recordId,
      ]);
      expect(rows).toEqual([{ decisions: { renumber: 2, heal: true } }]);
    }
  });
});

describe('a password is one, whoever changes it at the same moment:', () => {
  const wanted = (index: number) => `new horse battery ${index}`;

  test('of two who know the present one, one changes it', async () => {
    const person = await doors.addPerson('twice@example.com', 'viewer');
    const asks = [1, 2].map((index) =>
      doors.signIn.changePassword(person.id, { present: person.password, wanted: wanted(index) }),
    );
    expect(await winners(asks)).toBe(1);
  });

  test('a sign-in with the old one that comes in between leaves no session', async () => {
    const left: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const person = await doors.addPerson(`between${round}@example.com`, 'viewer');
      const entering = doors.signedIn(person).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, round * 10));
      await doors.signIn.resetPassword(person.email, wanted(round));
      const entered = await entering;
      if (entered && (await doors.signIn.actorOf(entered))) left.push(round);
    }
    expect(left).toEqual([]);
  });
});

test('all of it stands in chains that are unbroken', async () => {
  expect(await kit.brokenTrails()).toEqual([]);
  expect((await listAudit(doors.parts, ADMIN, { limit: 500 })).chainIntact).toBe(true);
});
