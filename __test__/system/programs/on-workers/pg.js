// `pg`, which uses `pg-cloudflare` when it takes itself to be on Workers, with PostgreSQL as it comes with the system.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';

import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { refusedPort } from '../../../helpers/refused-port.js';
import { ca } from '../../../helpers/tls-peer.js';
import { forbidNodeSockets } from '../../helpers/only-our-sockets.js';
import {
  ACCESS,
  inChunks,
  isOfRestart,
  lines,
  restartUnderLoad,
  sha256,
} from '../../helpers/postgres-cases.js';
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
  ['TLS', { ca }],
])) {
  const settings = () => ({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'winter',
    database: 'postgres',
    ssl,
  });

  /** A connected client, that is ended after the test. */
  async function open(t, more) {
    const client = new pg.Client({ ...settings(), ...more });
    await client.connect();
    t.after(() => client.end());
    return client;
  }

  describe(`pg, ${transport}`, () => {
    test('connects', options, async (t) => {
      const client = await open(t);
      const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      assert.deepEqual(rows, [{ ssl: transport === 'TLS' }]);
    });

    test('logs in with a password, and is told when it is wrong', options, async (t) => {
      const admin = await open(t);
      await admin.query('DROP ROLE IF EXISTS guarded');
      await admin.query("CREATE ROLE guarded LOGIN PASSWORD 'sesame'");
      const client = await open(t, { user: 'guarded', password: 'sesame' });
      assert.deepEqual((await client.query('SELECT current_user')).rows, [{ current_user: 'guarded' }]);
      await assert.rejects(open(t, { user: 'guarded', password: 'wrong' }), { code: '28P01' });
    });

    test('gives errors of the server with their code, and goes on', options, async (t) => {
      const client = await open(t);
      await assert.rejects(client.query('SELECT nonsense'), { code: '42703' });
      await assert.rejects(client.query('SELECT $1::integer', ['text']), { code: '22P02' });
      assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    });

    test('sends parameters', options, async (t) => {
      const client = await open(t);
      const date = new Date('2026-02-03T04:05:06.789Z');
      const text =
        'SELECT $1::text AS text, $2::integer AS number, $3::jsonb AS json, $4::timestamptz AS date';
      const values = ['Grüße ❄', -42, { a: [1, null] }, date];
      for (const name of [undefined, 'prepared', 'prepared']) {
        const { rows } = await client.query({ name, text, values });
        assert.deepEqual(rows, [{ text: 'Grüße ❄', number: -42, json: { a: [1, null] }, date }]);
      }
    });

    test('gets 100,000 rows in order', options, async (t) => {
      const client = await open(t);
      const { rows } = await client.query(
        "SELECT i, 'row ' || i AS text FROM generate_series(1, 100000) AS i",
      );
      assert.equal(rows.length, 100_000);
      for (const [i, row] of rows.entries()) assert.deepEqual(row, { i: i + 1, text: `row ${i + 1}` });
    });

    test('sends and gets a bytea of 50 MB', options, async (t) => {
      const client = await open(t);
      const bytes = randomBytes(50e6);
      const text = 'SELECT sha256($1::bytea) AS hash, $1::bytea AS bytes';
      const { rows } = await client.query(text, [bytes]);
      assert.equal(rows[0].hash.toString('hex'), sha256(bytes));
      assert.equal(sha256(rows[0].bytes), sha256(bytes));
    });

    test('copies a table in, and out again', options, async (t) => {
      const client = await open(t);
      await client.query('CREATE TEMPORARY TABLE copied (id integer, text text)');
      const rows = lines(100_000);
      const into = client.query(copyFrom('COPY copied FROM STDIN'));
      await pipeline(Readable.from(inChunks(rows)), into);
      assert.equal(into.rowCount, 100_000);
      const out = new CopyOut('COPY (SELECT * FROM copied ORDER BY id) TO STDOUT');
      client.query(out);
      assert.equal(sha256(await out.result), sha256(rows.join('')));
    });

    test('gets the notifications that it listens for', options, async (t) => {
      const [listening, notifying] = await Promise.all([open(t), open(t)]);
      await listening.query('LISTEN news');
      for (const payload of ['snow', 'more snow']) {
        const news = once(listening, 'notification');
        await notifying.query("SELECT pg_notify('news', $1)", [payload]);
        const [{ channel, payload: received }] = await news;
        assert.deepEqual([channel, received], ['news', payload]);
      }
    });

    test('has its query cancelled by another client', options, async (t) => {
      const [sleeping, other] = await Promise.all([open(t), open(t)]);
      const slept = assert.rejects(sleeping.query('SELECT pg_sleep(100)'), { code: '57014' });
      await untilActive(other, sleeping.processID);
      await other.query('SELECT pg_cancel_backend($1)', [sleeping.processID]);
      await slept;
      assert.deepEqual((await sleeping.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    });

    test('cancels a query by the message for that, on a connection of its own', options, async (t) => {
      const [sleeping, other] = await Promise.all([open(t), open(t)]);
      const query = new pg.Query('SELECT pg_sleep(100)');
      const slept = assert.rejects(once(query, 'end'), { code: '57014' });
      sleeping.query(query);
      await untilActive(other, sleeping.processID);
      // Without TLS: `pg` sends the message in plain text everywhere.
      const cancelling = new pg.Client({ ...settings(), ssl: false });
      cancelling.cancel(sleeping, query);
      await Promise.all([slept, once(cancelling.connection, 'end')]);
    });

    test('gives up a query after its statement_timeout', options, async (t) => {
      const client = await open(t, { statement_timeout: 50 });
      await assert.rejects(client.query('SELECT pg_sleep(100)'), { code: '57014' });
    });

    test('works with a pool of 20', options, async () => {
      const pool = new pg.Pool({ ...settings(), max: 20 });
      const answers = Array.from({ length: 1000 }, (_, i) => pool.query('SELECT $1::integer AS i', [i]));
      for (const [i, { rows }] of (await Promise.all(answers)).entries()) assert.deepEqual(rows, [{ i }]);
      assert.equal(pool.totalCount, 20);
      await pool.end();
      assert.equal(pool.totalCount, 0);
    });

    test('goes on after a restart of the server, under load', options, async (t) => {
      const pool = new pg.Pool({ ...settings(), max: 20 });
      t.after(() => pool.end());
      // A connection that breaks while nobody uses it.
      const broken = [];
      pool.on('error', (error) => broken.push(error));
      const ask = async (i) => (await pool.query('SELECT $1::integer AS i', [i])).rows[0].i;
      await restartUnderLoad(ask, postgres.restart, isDisconnection);
      for (const error of broken) assert.ok(isOfRestart(error) || isDisconnection(error), error);
    });

    test('leaves no rejection when it ends, at whatever moment', options, async (t) => {
      const rejections = collectRejections(t);
      const client = new pg.Client(settings());
      await client.connect();
      await client.query('SELECT 1');
      await client.end();

      const busy = new pg.Client(settings());
      await busy.connect();
      const slept = assert.rejects(busy.query('SELECT pg_sleep(100)'), { message: 'Connection terminated' });
      await Promise.all([busy.end(), slept]);

      await new Promise(setImmediate);
      assert.deepEqual(rejections, []);
    });

    test('is told that nobody listens', options, async () => {
      const client = new pg.Client({ ...settings(), port: refused });
      await assert.rejects(client.connect(), { code: 'ECONNREFUSED' });
    });
  });
}

for (const [title, ssl, code] of /** @type {const} */ ([
  ['of an authority that it does not trust', true, 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['of another name', { ca, servername: 'example.org' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
])) {
  test(`pg, TLS: refuses a certificate ${title}`, options, async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: postgres.port, user: 'winter', ssl });
    await assert.rejects(client.connect(), { code });
  });
}

test('pg: node:net connects to nothing here', options, () => {
  assert.throws(() => net.connect(postgres.port, '127.0.0.1'), /node:net was asked to connect/);
});

/** That a connection has ended; the second one, before the server has answered the request for TLS. */
const isDisconnection = ({ code, message }) =>
  message === 'Connection terminated unexpectedly' || code === 'ERR_INVALID_ARG_TYPE';

/** A query that takes what COPY gives. `pg-copy-streams` would pause the socket, which sockets of Workers can't do. */
class CopyOut {
  #chunks = [];
  #settle;

  constructor(text) {
    this.text = text;
    this.result = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
  }

  submit(connection) {
    connection.query(this.text);
  }

  handleCopyData({ chunk }) {
    // The parser uses its memory again.
    this.#chunks.push(Buffer.from(chunk));
  }

  handleCommandComplete() {}

  handleReadyForQuery() {
    this.#settle.resolve(Buffer.concat(this.#chunks));
  }

  handleError(error) {
    this.#settle.reject(error);
  }
}

/** Waits until a query runs in a session. */
async function untilActive(client, pid) {
  const text = "SELECT FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%' AND state = 'active'";
  while ((await client.query(text, [pid])).rowCount === 0);
}
