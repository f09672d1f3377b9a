// PostgreSQL as it comes with the system. It goes over to TLS on request, on the connection that was plain text.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { connect } from '../../index.js';
import { VERSIONS, ca, only } from '../helpers/tls-peer.js';
import { pem } from '../helpers/tls-server.js';
import { CERTIFIED, skip, startPostgres } from './helpers/postgres.js';
import { PostgresClient, SSL_REQUEST } from './helpers/postgres-client.js';

const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startPostgres>>} */
let postgres;

before(async () => {
  if (!skip) postgres = await startPostgres();
});

after(() => postgres?.stop());

/** Asks for TLS, as drivers do it, with a reader and a writer that keep their locks. */
async function upgrade(tls) {
  const plain = connect(postgres.address, { secureTransport: 'starttls' });
  const writer = plain.writable.getWriter();
  const reader = plain.readable.getReader();
  await writer.write(SSL_REQUEST);
  const { value } = await reader.read();
  assert.deepEqual([...value], [...Buffer.from('S')]);
  return plain.startTls({ ca, expectedServerHostname: 'localhost', ...tls });
}

/** Logs in without waiting for the handshake. */
async function open(tls, user) {
  return new PostgresClient(await upgrade(tls)).login(user);
}

const md5 = (text) => createHash('md5').update(text).digest('hex');

for (const version of VERSIONS) {
  test(`queries are answered over ${version}`, options, async () => {
    const client = await open(only(version));
    const sql = 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    assert.deepEqual(await client.query(sql), [['t', version]]);
    for (let i = 0; i < 200; i++)
      assert.deepEqual(await client.query(`SELECT ${i}, 'Grüße'`), [[`${i}`, 'Grüße']]);
    await client.socket.close();
  });
}

test('without TLS the server refuses', options, async () => {
  const socket = connect(postgres.address);
  await assert.rejects(new PostgresClient(socket).login(), { code: '28000' });
  await socket.close();
});

test('an error of the server is an answer like others', options, async () => {
  const client = await open();
  await assert.rejects(client.query('SELECT nonsense'), { code: '42703' });
  assert.deepEqual(await client.query('SELECT 1'), [['1']]);
  await client.socket.close();
});

test('a value of 20 MiB arrives unchanged', options, async () => {
  const client = await open();
  const sql = "SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, 655360) AS i";
  const [[value]] = await client.query(sql);
  assert.equal(value.length, 20 * 2 ** 20);
  assert.deepEqual(await client.query(`SELECT md5((${sql}))`), [[md5(value)]]);
  await client.socket.close();
});

test('100,000 rows arrive in order', options, async () => {
  const client = await open();
  const rows = await client.query("SELECT i, 'row ' || i FROM generate_series(1, 100000) AS i");
  assert.equal(rows.length, 100_000);
  for (const [i, row] of rows.entries()) assert.deepEqual(row, [`${i + 1}`, `row ${i + 1}`]);
  await client.socket.close();
});

test('a COPY of 200,000 rows arrives unchanged', options, async () => {
  const client = await open();
  await client.query('CREATE TEMPORARY TABLE copied (id integer, text text)');
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i}\t${'winter '.repeat(i % 20)}\n`);
  const chunks = Array.from({ length: 2000 }, (_, i) => rows.slice(i * 100, (i + 1) * 100).join(''));
  await client.copyIn('copied', chunks);
  const sql = "SELECT count(*), md5(string_agg(id || E'\\t' || text || E'\\n', '' ORDER BY id)) FROM copied";
  assert.deepEqual(await client.query(sql), [['200000', md5(rows.join(''))]]);
  await client.socket.close();
});

test('20 connections work at the same time', options, async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => open()));
  await Promise.all(
    clients.map(async (client, i) => {
      for (let round = 0; round < 50; round++) {
        assert.deepEqual(await client.query(`SELECT ${i} * ${round}`), [[`${i * round}`]]);
      }
    }),
  );
  await Promise.all(clients.map(({ socket }) => socket.close()));
});

test('a notification comes to the connection that waits for it', options, async () => {
  const [listening, notifying] = [await open(), await open()];
  await listening.query('LISTEN news');
  const message = listening.message();
  await notifying.query("NOTIFY news, 'snow'");
  const { type, body } = await message;
  assert.equal(type, 'A');
  assert.equal(`${body.subarray(4)}`, 'news\0snow\0');
  await Promise.all([listening, notifying].map(({ socket }) => socket.close()));
});

test('after a goodbye the server ends in good order, and closed resolves', options, async () => {
  const client = await open();
  await client.send('X', '');
  assert.equal(await client.message(), undefined);
  await client.socket.closed;
});

test('a connection that is terminated is told so, and others are not', options, async () => {
  const [terminated, other] = [await open(), await open()];
  const [[pid]] = await terminated.query('SELECT pg_backend_pid()');
  assert.deepEqual(await other.query(`SELECT pg_terminate_backend(${pid})`), [['t']]);
  const { type, body } = await terminated.message();
  assert.equal(type, 'E');
  assert.match(`${body}`, /57P01/);
  assert.equal(await terminated.message(), undefined);
  await terminated.socket.closed;
  assert.deepEqual(await other.query('SELECT 1'), [['1']]);
  await other.socket.close();
});

test('a user who needs a certificate gets in with it, and not without', options, async () => {
  const admin = await open();
  await admin.query(`CREATE ROLE "${CERTIFIED}" LOGIN`);
  await admin.socket.close();
  const client = await open({ cert: pem('client-p256.pem'), key: pem('p256.key') }, CERTIFIED);
  assert.deepEqual(await client.query('SELECT current_user'), [[CERTIFIED]]);
  await client.socket.close();
  await assert.rejects(open({}, CERTIFIED), { code: '28000' });
});

for (const [title, tls, code] of [
  [
    'another name than the one that is expected',
    { expectedServerHostname: 'example.org' },
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  ['an authority that is not trusted', { ca: undefined }, 'SELF_SIGNED_CERT_IN_CHAIN'],
]) {
  test(`a certificate with ${title} fails the upgrade`, options, async () => {
    const socket = await upgrade(tls);
    await assert.rejects(socket.opened, { code });
    const client = await open();
    assert.deepEqual(await client.query('SELECT 1'), [['1']]);
    await client.socket.close();
  });
}
