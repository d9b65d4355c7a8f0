/** The two roles of the built-in database: the owner, who migrates, and the application's, who may only add to the audit. */
import pg from 'pg';
import { UsageError } from '../../core/errors.ts';
import { APPLICATION_ROLE } from './cluster.ts';
import type { LocalConnection } from './connection.ts';

/** Where the application itself connects. */
export function asApplication(owner: LocalConnection): LocalConnection {
  return { ...owner, user: APPLICATION_ROLE };
}

/** What is only read by the application: rows come in through functions that run with the owner's rights. */
const ONLY_READ = ['trail', 'trail_heads', 'trail_batches', 'trail_ends', 'schema_migration'];
/** Rows of these stay, whatever else changes in them. */
const NEVER_DELETED = ['signing_keys'];
/** The job engine makes and changes its own tables. */
const JOBS = 'jobs';

/** After the migrations, at every start: what is there already is left as it is, so an old cluster is changed by its first start. */
export async function grantApplication(owner: LocalConnection): Promise<void> {
  await withClient(owner, async (client) => {
    await client.query('begin');
    // Two starts beside each other would collide in the catalogues.
    await client.query(`select pg_advisory_xact_lock(hashtext('ml-connector roles'))`);
    await client.query(`
      do $$ begin
        if not exists (select from pg_roles where rolname = '${APPLICATION_ROLE}') then
          create role ${APPLICATION_ROLE} login;
        end if;
      end $$;
      alter role ${APPLICATION_ROLE} nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
      revoke create, temporary on database ${client.escapeIdentifier(owner.database)} from public, ${APPLICATION_ROLE};
      revoke create on schema public from public, ${APPLICATION_ROLE};
      grant usage on schema public to ${APPLICATION_ROLE};
      grant select, insert, update, delete on all tables in schema public to ${APPLICATION_ROLE};
      grant usage, select on all sequences in schema public to ${APPLICATION_ROLE};
      revoke truncate, references, trigger on all tables in schema public from ${APPLICATION_ROLE};
      revoke insert, update, delete on ${ONLY_READ.join(', ')} from ${APPLICATION_ROLE};
      revoke delete on ${NEVER_DELETED.join(', ')} from ${APPLICATION_ROLE};
      create schema if not exists ${JOBS} authorization ${APPLICATION_ROLE};
      ${HAND_OVER_JOBS}`);
    await client.query('commit');
  });
}

/** False where the running service was started by a version that knew one role only. */
export async function knowsApplication(owner: LocalConnection): Promise<boolean> {
  return withClient(owner, async (client) => {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [APPLICATION_ROLE]);
    return rowCount === 1;
  });
}

export function olderServiceError(): UsageError {
  return new UsageError(
    'The running service was started by an older version of ml-connector.',
    'Stop it, start it again with this version, and repeat the command.',
  );
}

/** Sequences of a column go along with their table. */
const HAND_OVER_JOBS = `
  do $$
  declare
    thing record;
    app oid := '${APPLICATION_ROLE}'::regrole;
    place oid := '${JOBS}'::regnamespace;
  begin
    if (select nspowner from pg_namespace where oid = place) <> app then
      alter schema ${JOBS} owner to ${APPLICATION_ROLE};
    end if;
    for thing in select oid::regclass::text as name from pg_class
      where relnamespace = place and relkind in ('r', 'p', 'v', 'm') and relowner <> app loop
      execute format('alter table %s owner to ${APPLICATION_ROLE}', thing.name);
    end loop;
    for thing in select oid::regclass::text as name from pg_class
      where relnamespace = place and relkind = 'S' and relowner <> app loop
      execute format('alter sequence %s owner to ${APPLICATION_ROLE}', thing.name);
    end loop;
    for thing in select oid::regprocedure::text as name from pg_proc where pronamespace = place and proowner <> app loop
      execute format('alter routine %s owner to ${APPLICATION_ROLE}', thing.name);
    end loop;
    for thing in select oid::regtype::text as name from pg_type
      where typnamespace = place and typtype in ('e', 'd') and typowner <> app loop
      execute format('alter type %s owner to ${APPLICATION_ROLE}', thing.name);
    end loop;
  end $$;`;

async function withClient<T>(
  connection: LocalConnection,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connection);
  // An error between queries is an event; the next query fails with it too.
  client.on('error', () => {});
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
