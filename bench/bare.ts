/** The yardstick, a process of its own: a bare Fastify route that answers after one committed INSERT. */
import Fastify from 'fastify';
import pg from 'pg';

const { BENCH_DATABASE = '{}', BENCH_POOL = '10' } = process.env;

const pool = new pg.Pool({
  ...(JSON.parse(BENCH_DATABASE) as pg.PoolConfig),
  max: Number(BENCH_POOL),
  onConnect: async (client) => {
    await client.query("SET synchronous_commit = 'on'");
  },
});
await pool.query('create schema if not exists bench');
await pool.query(
  'create table if not exists bench.deliveries (seq bigint generated always as identity primary key, body bytea not null, received_at timestamptz not null default now())',
);

const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/', async (request, reply) => {
  await pool.query({
    name: 'insert',
    text: 'insert into bench.deliveries (body) values ($1)',
    values: [request.body],
  });
  return reply.code(200).send();
});

const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url })}\n`);

const stop = () => void app.close().finally(() => process.exit(0));
process.once('SIGTERM', stop);
process.stdin.resume().once('end', stop);
