// mysql2, given a Duplex over our socket as its stream.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import mysql from 'mysql2/promise';

import { connect, toDuplex } from '../../index.js';
import { ca } from '../helpers/tls-peer.js';
import { USER, skip, startMariadb } from './helpers/mariadb.js';
import { refusedPort } from '../helpers/refused-port.js';

const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startMariadb>>} */
let server;

before(async () => {
  if (!skip) server = await startMariadb();
});

after(() => server?.stop());

/** The driver goes over to TLS by itself, on the stream that it was given. */
const transports = {
  'plain text': {},
  TLS: { user: 'tls_only', ssl: { ca, verifyIdentity: true } },
};

const settings = (more) => ({
  ...USER,
  host: 'localhost',
  database: 'winter',
  stream: () => toDuplex(connect(server.address)),
  ...more,
});

for (const [transport, tls] of Object.entries(transports)) {
  describe(`mysql2 over ${transport}`, () => {
    /** A connection, until the test ends. */
    async function open(t, more) {
      const connection = await mysql.createConnection(settings({ ...tls, ...more }));
      t.after(() => connection.destroy());
      return connection;
    }

    test('a query is answered, and end() ends the connection', options, async (t) => {
      const connection = await open(t);
      const [rows] = await connection.query("SELECT ? + 1 AS sum, 'Grüße' AS text", [41]);
      assert.deepEqual(rows, [{ sum: 42, text: 'Grüße' }]);
      const [[cipher]] = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
      assert.equal(cipher.Value !== '', transport === 'TLS');
      const { stream } = connection.connection;
      const closed = once(stream, 'close');
      await connection.end();
      await closed;
    });

    test('an error of the server has its code, and the connection goes on', options, async (t) => {
      const connection = await open(t);
      await assert.rejects(connection.query('SELECT nonsense'), { code: 'ER_BAD_FIELD_ERROR' });
      assert.deepEqual((await connection.query('SELECT 1 AS one'))[0], [{ one: 1 }]);
    });

    test('prepared statements take their parameters', options, async (t) => {
      const connection = await open(t);
      await connection.query(
        'CREATE TEMPORARY TABLE flakes (id INT PRIMARY KEY, name VARCHAR(20), size DOUBLE)',
      );
      for (let id = 0; id < 500; id++) {
        await connection.execute('INSERT INTO flakes VALUES (?, ?, ?)', [id, `flake ${id}`, id / 4]);
      }
      const [rows] = await connection.execute(
        'SELECT * FROM flakes WHERE id BETWEEN ? AND ? ORDER BY id',
        [100, 102],
      );
      assert.deepEqual(
        rows,
        [100, 101, 102].map((id) => ({ id, name: `flake ${id}`, size: id / 4 })),
      );
      const [[{ count }]] = await connection.execute(
        'SELECT COUNT(*) AS count FROM flakes WHERE size > ?',
        [50],
      );
      assert.equal(count, 299);
    });

    test('100,000 rows arrive in order', options, async (t) => {
      const connection = await open(t);
      const [rows] = await connection.query("SELECT seq, CONCAT('row ', seq) AS text FROM seq_1_to_100000");
      assert.equal(rows.length, 100_000);
      assert.ok(rows.every(({ seq, text }, i) => Number(seq) === i + 1 && text === `row ${i + 1}`));
    });

    test('100,000 rows are streamed to a reader that pauses', options, async (t) => {
      const connection = await open(t);
      const stream = connection.connection.query('SELECT seq FROM seq_1_to_100000').stream();
      let count = 0;
      for await (const { seq } of stream) {
        assert.equal(Number(seq), ++count);
        if (count % 10_000 === 0) await new Promise(setImmediate);
      }
      assert.equal(count, 100_000);
    });

    test('a value of 10 MiB goes there and back unchanged', options, async (t) => {
      const connection = await open(t);
      const value = randomBytes(10 << 20);
      const [[row]] = await connection.execute('SELECT ? AS value, MD5(?) AS hash', [value, value]);
      assert.ok(row.value.equals(value));
      assert.equal(row.hash, createHash('md5').update(value).digest('hex'));
    });

    test('a pool of 10 connections serves 200 queries', options, async (t) => {
      const pool = mysql.createPool(settings({ ...tls, connectionLimit: 10 }));
      t.after(() => pool.end());
      const queries = Array.from({ length: 200 }, async (_, i) => {
        const [[row]] = await pool.query('SELECT ? AS i, CONNECTION_ID() AS id', [i]);
        assert.equal(row.i, i);
        return row.id;
      });
      assert.ok(new Set(await Promise.all(queries)).size <= 10);
    });

    test('a connection that is killed fails its query', options, async (t) => {
      const [killed, killer] = [await open(t), await open(t)];
      killed.connection.on('error', () => {});
      const sleeping = killed.query('SELECT SLEEP(60)');
      const failed = assert.rejects(sleeping, ({ code }) =>
        ['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'ER_CONNECTION_KILLED'].includes(code),
      );
      await killer.query('KILL ?', [killed.threadId]);
      await failed;
    });

    test('a wrong password is an error of the server', options, async () => {
      const opening = mysql.createConnection(settings({ ...tls, password: 'wrong' }));
      await assert.rejects(opening, { code: 'ER_ACCESS_DENIED_ERROR' });
    });
  });
}

test('a connection that is refused is an error with its code', options, async (t) => {
  const address = `127.0.0.1:${await refusedPort(t)}`;
  const opening = mysql.createConnection(settings({ stream: () => toDuplex(connect(address)) }));
  await assert.rejects(opening, { code: 'ECONNREFUSED' });
});

test('a user who needs TLS does not get in without it', options, async () => {
  const opening = mysql.createConnection(settings({ user: 'tls_only' }));
  await assert.rejects(opening, { code: 'ER_ACCESS_DENIED_ERROR' });
});

for (const [title, tls, message] of [
  ['of an authority that is not trusted', { ssl: {} }, /self-signed certificate in certificate chain/],
  [
    'with another name than the one that is expected',
    { host: 'mariadb.winter.test', ssl: { ca, verifyIdentity: true } },
    /does not match certificate's altnames/,
  ],
]) {
  test(`a certificate ${title} is refused`, options, async () => {
    await assert.rejects(mysql.createConnection(settings(tls)), { code: 'HANDSHAKE_SSL_ERROR', message });
  });
}
