/** Promises about what is written down, besides those of the trail's auditor: nothing accepted is lost, nothing done is unsaid, no secret is told. */
import { sql } from 'kysely';
import type { Replica } from '../../src/prove/replica.ts';
import type { ProofWorld } from '../../src/prove/world.ts';
import { loadSecrets } from '../../src/store/credentials.ts';

/** What a sealed record keeps beside its secrets (where a token is valid, say) may be told. */
const SECRET = /(token|secret|password)$/i;

/** In words; empty when all are kept. Not for a world whose database was put back. */
export async function listBrokenPromises(world: ProofWorld): Promise<string[]> {
  return [
    ...(await listUnstored(world)),
    ...(await listUnwritten(world)),
    ...(await listLeaks(world)),
    ...(await listForgotten(world)),
  ];
}

/** I1: whatever was answered with 200 is an event. Handshakes bear no signature, and are none. */
async function listUnstored({ door, observer }: ProofWorld): Promise<string[]> {
  const signed = door.accepted.filter(({ headers }) =>
    Object.keys(headers).some((name) => name.includes('hmac')),
  );
  const bodies = new Map<string, number>();
  for (const { body } of signed)
    bodies.set(body.toString('base64'), (bodies.get(body.toString('base64')) ?? 0) + 1);
  const unstored: string[] = [];
  for (const [body, accepted] of bodies) {
    const { rows } = await sql<{ stored: bigint }>`
      select coalesce(sum(1 + repeats), 0) as stored from events where raw = decode(${body}, 'base64')`.execute(
      observer().db,
    );
    if (Number(rows[0]?.stored ?? 0n) < accepted)
      unstored.push(`lost: accepted and not stored: ${Buffer.from(body, 'base64').toString('utf8')}`);
  }
  return unstored;
}

/** I3: every delivery has its intent and, once it is over, its outcome in the trail, once; and no other delivery is told of. */
async function listUnwritten({ observer }: ProofWorld): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    with told as (
      select entry, payload::jsonb ->> 'deliveryId' as id, count(*) as times from trail
      where entry in ('intent', 'outcome') group by 1, 2
    )
    select v.step_kind || ' has ' || coalesce(i.times, 0) || ' intents and ' || coalesce(o.times, 0) || ' outcomes' as what
    from deliveries v
    left join told i on i.entry = 'intent' and i.id = v.id::text
    left join told o on o.entry = 'outcome' and o.id = v.id::text
    where coalesce(i.times, 0) <> 1 or coalesce(o.times, 0) <> case v.state when 'intended' then 0 else 1 end
    union all
    select t.entry || ' of a delivery that is not there' from told t
    where not exists (select from deliveries v where v.id::text = t.id)`.execute(observer().db);
  return rows.map(({ what }) => `the trail does not tell what was done: ${what}`);
}

/** I7: no secret of the connection stands anywhere but sealed. */
async function listLeaks(world: ProofWorld): Promise<string[]> {
  const [replica = world.start()] = world.replicas();
  const leaks: string[] = [];
  for (const side of ['source', 'destination'] as const)
    for (const [name, secret] of Object.entries(await secretsOf(world, replica, side))) {
      if (!SECRET.test(name) || secret === '') continue;
      const { rows } = await sql<{ place: string }>`
        select 'trail' as place from trail where position(${secret} in payload) > 0
        union select 'events' from events where position(${secret} in coalesce(headers::text, '')) > 0
        union select 'deliveries' from deliveries where position(${secret} in request::text) > 0`.execute(
        world.observer().db,
      );
      leaks.push(...rows.map(({ place }) => `leak: ${name} of the ${side} stands in ${place}`));
    }
  return leaks;
}

async function secretsOf(
  { connectionId }: ProofWorld,
  { parts }: Replica,
  side: 'source' | 'destination',
): Promise<Record<string, string>> {
  const secrets = await loadSecrets(parts.db, parts.vault, { connectionId, side });
  const texts = Object.entries(secrets).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return Object.fromEntries(texts);
}

/** Nothing waits for a document that has come to a good end. */
async function listForgotten({ observer }: ProofWorld): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    select d.kind || '/' || d.source_id || ' still waits for ' || w.kind || '/' || w.source_id as what
    from documents d join documents w on w.id::text = d.reason ->> 'waitsFor'
    where d.state = 'parked' and w.state = 'synced' and d.reason ->> 'code' like 'waits-for-%'`.execute(
    observer().db,
  );
  return rows.map(({ what }) => what);
}
