// `postgres`, in its build for Workers, with PostgreSQL as it comes with the system. That build drops the settings of TLS,
// and trusts what the environment says.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';

import connect from 'postgres';

import { refusedPort } from '../../../helpers/refused-port.js';
import { forbidNodeSockets } from '../../helpers/only-our-sockets.js';
import { ACCESS, inChunks, lines, md5, restartUnderLoad, sha256 } from '../../helpers/postgres-cases.js';
import { skip, startPostgres } from '../../helpers/postgres.js';
import { collectRejections } from '../../helpers/rejections.js';

const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let postgres;

let refused = 0;

before(async () => {
  if (skip) return;
  postgres = await startPostgres({ access: ACCESS });
  refused = await refusedPort({ after });
  forbidNodeSockets();
});

after(() => postgres?.stop());

for (const [transport, ssl] of /** @type {const} */ ([
  ['plain', false],
  ['TLS', true],
])) {
  /** A pool, that is ended after the test. */
  function open(t, more) {
    const settings = { host: '127.0.0.1', port: postgres.port, user: 'winter', database: 'postgres', ssl };
    const sql = connect({ ...settings, onnotice() {}, ...more });
    t.after(() => sql.end());
    return sql;
  }

  describe(`postgres, ${transport}`, () => {
    test('connects', options, async (t) => {
      const sql = open(t);
      const rows = await sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
      assert.deepEqual([...rows], [{ ssl }]);
    });

    test('logs in with a password, and is told when it is wrong', options, async (t) => {
      const admin = open(t);
      await admin`DROP ROLE IF EXISTS guarded`;
      await admin`CREATE ROLE guarded LOGIN PASSWORD 'sesame'`;
      const sql = open(t, { user: 'guarded', password: 'sesame' });
      assert.deepEqual([...(await sql`SELECT current_user`)], [{ current_user: 'guarded' }]);
      await assert.rejects(open(t, { user: 'guarded', password: 'wrong' })`SELECT 1`, { code: '28P01' });
    });

    test('gives errors of the server with their code, and goes on', options, async (t) => {
      const sql = open(t, { max: 1 });
      await assert.rejects(sql`SELECT nonsense`, { code: '42703' });
      await assert.rejects(sql`SELECT ${'text'}::text::integer`, { code: '22P02' });
      assert.deepEqual([...(await sql`SELECT 1 AS one`)], [{ one: 1 }]);
    });

    test('sends parameters', options, async (t) => {
      const sql = open(t, { max: 1 });
      const date = new Date('2026-02-03T04:05:06.789Z');
      // The second time the statement is prepared.
      for (let round = 0; round < 2; round++) {
        const rows = await sql`
          SELECT ${'Grüße ❄'}::text AS text, ${-42}::integer AS number, ${sql.json({ a: [1, null] })}::jsonb AS json,
          ${date}::timestamptz AS date`;
        assert.deepEqual([...rows], [{ text: 'Grüße ❄', number: -42, json: { a: [1, null] }, date }]);
      }
    });

    test('gets 100,000 rows in order', options, async (t) => {
      const sql = open(t);
      const rows = await sql`SELECT i, 'row ' || i AS text FROM generate_series(1, 100000) AS i`;
      assert.equal(rows.length, 100_000);
      for (const [i, row] of rows.entries()) assert.deepEqual(row, { i: i + 1, text: `row ${i + 1}` });
    });

    test('gets 100,000 rows with a cursor', options, async (t) => {
      const sql = open(t);
      let count = 0;
      for await (const rows of sql`SELECT i FROM generate_series(1, 100000) AS i`.cursor(1000)) {
        for (const { i } of rows) assert.equal(i, ++count);
      }
      assert.equal(count, 100_000);
    });

    test('sends and gets a bytea of 50 MB', options, async (t) => {
      const sql = open(t);
      const bytes = randomBytes(50e6);
      const [row] =
        await sql`SELECT sha256(bytes) AS hash, bytes FROM (SELECT ${bytes}::bytea AS bytes) AS sent`;
      assert.equal(row.hash.toString('hex'), sha256(bytes));
      assert.equal(sha256(row.bytes), sha256(bytes));
    });

    test('copies a table in', options, async (t) => {
      const sql = open(t, { max: 1 });
      await sql`CREATE TEMPORARY TABLE copied (id integer, text text)`;
      const rows = lines(100_000);
      await pipeline(Readable.from(inChunks(rows)), await sql`COPY copied FROM STDIN`.writable());
      const sum = "SELECT md5(string_agg(id || E'\\t' || text || E'\\n', '' ORDER BY id)) FROM copied";
      assert.deepEqual([...(await sql.unsafe(sum))], [{ md5: md5(rows.join('')) }]);
    });

    test(
      'fails to copy a table out, because it pauses its socket, which sockets of Workers do not know',
      options,
      async (t) => {
        const sql = open(t);
        const out =
          await sql`COPY (SELECT repeat('winter', 1000) FROM generate_series(1, 1000)) TO STDOUT`.readable();
        await assert.rejects(out.toArray(), {
          name: 'TypeError',
          message: /^socket\.(pause|resume) is not a function$/,
        });
      },
    );

    test('gets the notifications that it listens for', options, async (t) => {
      const sql = open(t);
      let receive;
      const { unlisten } = await sql.listen('news', (payload) => receive(payload));
      for (const payload of ['snow', 'more snow']) {
        const news = new Promise((resolve) => (receive = resolve));
        await sql.notify('news', payload);
        assert.equal(await news, payload);
      }
      await unlisten();
    });

    test('has its query cancelled by another client', options, async (t) => {
      const [sleeping, other] = [open(t, { max: 1 }), open(t)];
      const [{ pid }] = await sleeping`SELECT pg_backend_pid() AS pid`;
      const slept = assert.rejects(sleeping`SELECT pg_sleep(100)`, { code: '57014' });
      await untilActive(other, pid);
      await other`SELECT pg_cancel_backend(${pid})`;
      await slept;
      assert.deepEqual([...(await sleeping`SELECT 1 AS one`)], [{ one: 1 }]);
    });

    test('cancels its query by the message for that, on a connection of its own', options, async (t) => {
      const [sleeping, other] = [open(t, { max: 1 }), open(t)];
      const [{ pid }] = await sleeping`SELECT pg_backend_pid() AS pid`;
      const query = sleeping`SELECT pg_sleep(100)`;
      const slept = assert.rejects(query, { code: '57014' });
      await untilActive(other, pid);
      query.cancel();
      await slept;
    });

    test('gives up a query after its statement_timeout', options, async (t) => {
      const sql = open(t, { connection: { statement_timeout: 50 } });
      await assert.rejects(sql`SELECT pg_sleep(100)`, { code: '57014' });
    });

    test('works with a pool of 20', options, async (t) => {
      const sql = open(t, { max: 20 });
      const answers = Array.from(
        { length: 1000 },
        (_, i) => sql`SELECT ${i}::integer AS i, pg_backend_pid() AS pid`,
      );
      const pids = new Set();
      for (const [i, [row]] of (await Promise.all(answers)).entries()) {
        assert.equal(row.i, i);
        pids.add(row.pid);
      }
      assert.equal(pids.size, 20);
    });

    test('goes on after a restart of the server, under load', options, async (t) => {
      const rejections = collectRejections(t);
      const sql = open(t, { max: 20, backoff: 0 });
      const ask = async (i) => (await sql`SELECT ${i}::integer AS i`)[0].i;
      await restartUnderLoad(ask, postgres.restart, ({ code }) => code === 'CONNECTION_CLOSED');
      for (const reason of rejections) assert.ok(isLeftByDriver(reason), reason);
    });

    test('leaves no rejection when it ends, at whatever moment', options, async (t) => {
      const rejections = collectRejections(t);
      const sql = open(t);
      await sql`SELECT 1`;
      await sql.end();

      const busy = open(t);
      const [other, [{ pid }]] = [open(t), await busy`SELECT pg_backend_pid() AS pid`];
      const slept = assert.rejects(busy`SELECT pg_sleep(100)`, { code: 'CONNECTION_DESTROYED' });
      await untilActive(other, pid);
      await Promise.all([busy.end({ timeout: 0 }), slept]);

      await new Promise(setImmediate);
      assert.deepEqual(rejections, []);
    });

    test('is told that nobody listens', options, async (t) => {
      const rejections = collectRejections(t);
      const sql = open(t, { port: refused });
      await assert.rejects(sql`SELECT 1`, { code: 'ECONNREFUSED' });
      await new Promise(setImmediate);
      assert.deepEqual(rejections.map(isLeftByDriver), ssl ? [true] : []);
    });
  });
}

test('postgres, TLS: refuses a certificate that it has no reason to trust', options, async () => {
  await postgres.restart('self-signed.pem');
  // Which means elsewhere that no certificate is looked at.
  const sql = connect({ host: '127.0.0.1', port: postgres.port, user: 'winter', ssl: 'require' });
  await assert.rejects(sql`SELECT 1`, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  await sql.end();
});

test('postgres: node:net connects to nothing here', options, () => {
  assert.throws(() => net.connect(postgres.port, '127.0.0.1'), /node:net was asked to connect/);
});

/**
 * Whether a rejection is one that the driver leaves, on Workers as here: it handles neither that its request for TLS gets
 * no answer, nor that a connection breaks meanwhile, nor that a write fails when reading has failed before.
 */
const isLeftByDriver = ({ code }) => ['ERR_INVALID_ARG_TYPE', 'ECONNRESET', 'EPIPE'].includes(code);

/** Waits until a query runs in a session. */
async function untilActive(sql, pid) {
  const find = () =>
    sql`SELECT FROM pg_stat_activity WHERE pid = ${pid} AND query LIKE '%pg_sleep%' AND state = 'active'`;
  while ((await find()).count === 0);
}
