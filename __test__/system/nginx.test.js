// Plain HTTP, with nginx.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { connect } from '../../index.js';
import { download, ways } from './helpers/download.js';
import { Client } from './helpers/http.js';
import { PAGE, sha256, skip, startNginx } from './helpers/nginx.js';

const MIB = 2 ** 20;

const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startNginx>>} */
let nginx;

before(async () => {
  if (skip) return;
  nginx = await startNginx(
    (www, port) => `
    listen 127.0.0.1:${port};
    root ${www};
    # Server-side includes: what goes through them has no length, and is sent in chunks.
    location /chunked/ { alias ${www}/; ssi on; ssi_types *; }
    location /upload/ { dav_methods PUT; create_full_put_path on; }`,
  );
});

after(() => nginx?.stop());

test('a response with a Content-Length is read to its last byte', options, async () => {
  const socket = connect(nginx.address);
  const { status, headers, body } = await new Client(socket).request('GET', '/page');
  assert.equal(status, 200);
  assert.match(headers.server, /^nginx/);
  assert.equal(headers['content-length'], `${PAGE.length}`);
  assert.equal(`${body}`, PAGE);
  await socket.close();
});

test('a chunked response is read to its last chunk', options, async () => {
  const socket = connect(nginx.address);
  const { status, headers, body } = await new Client(socket).request('GET', '/chunked/5M');
  assert.equal(status, 200);
  assert.equal(headers['transfer-encoding'], 'chunked');
  assert.equal(sha256(body), nginx.hashes['5M']);
  await socket.close();
});

test('a HEAD request gets the head alone, and the connection goes on', options, async () => {
  const socket = connect(nginx.address);
  const client = new Client(socket);
  const { status, headers, body } = await client.request('HEAD', '/100M');
  assert.equal(status, 200);
  assert.equal(headers['content-length'], `${100 * MIB}`);
  assert.equal(body.length, 0);
  assert.equal(`${(await client.request('GET', '/page')).body}`, PAGE);
  await socket.close();
});

test('one connection serves a hundred requests, one after the other', options, async () => {
  const socket = connect(nginx.address);
  const client = new Client(socket);
  for (let i = 0; i < 100; i++) {
    const missing = i % 10 === 9;
    const { status, body } = await client.request('GET', missing ? '/missing' : '/page');
    assert.equal(status, missing ? 404 : 200);
    if (!missing) assert.equal(`${body}`, PAGE);
  }
  await socket.close();
});

test(
  'one connection serves a hundred requests that are sent without waiting for answers',
  options,
  async () => {
    const socket = connect(nginx.address);
    const requests = Array.from({ length: 100 }, () => ['GET', '/page']);
    const responses = await new Client(socket).pipeline(requests);
    assert.equal(responses.length, 100);
    for (const { status, body } of responses) assert.deepEqual([status, `${body}`], [200, PAGE]);
    await socket.close();
  },
);

test(
  'after Connection: close the response ends with the connection, and closed resolves',
  options,
  async () => {
    const socket = connect(nginx.address);
    const client = new Client(socket);
    const { headers, body } = await client.request('GET', '/page', { Connection: 'close' });
    assert.equal(headers.connection, 'close');
    assert.equal(`${body}`, PAGE);
    assert.ok(await client.isEnded());
    await socket.closed;
  },
);

for (const [way, read] of Object.entries(ways)) {
  test(`100 MiB arrive unchanged through ${way}`, options, async (t) => {
    const start = performance.now();
    assert.equal(await download(connect(nginx.address), '/100M', read), nginx.hashes['100M']);
    const seconds = (performance.now() - start) / 1000;
    t.diagnostic(`100 MiB in ${seconds.toFixed(2)} s, ${Math.round(100 / seconds)} MiB/s`);
  });
}

test('20 files of 5 MiB arrive unchanged at the same time', options, async () => {
  const all = Array.from({ length: 20 }, (_, i) => Object.values(ways)[i % 4]);
  const received = await Promise.all(all.map((read) => download(connect(nginx.address), '/5M', read)));
  assert.deepEqual(received, Array(20).fill(nginx.hashes['5M']));
});

test('an upload of 20 MiB arrives unchanged', options, async () => {
  const bytes = randomBytes(20 * MIB);
  const pieces = Array.from({ length: 320 }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536));
  const socket = connect(nginx.address);
  const client = new Client(socket);
  const head = { 'Content-Length': bytes.length };
  const { status } = await client.request('PUT', '/upload/20M', head, pieces);
  assert.equal(status, 201);
  assert.equal(sha256(readFileSync(join(nginx.www, 'upload', '20M'))), sha256(bytes));
  assert.equal(sha256((await client.request('GET', '/upload/20M')).body), sha256(bytes));
  await socket.close();
});

test('a chunked upload in many small writes arrives unchanged', options, async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
  const chunks = lines.map((line) => `${line.length.toString(16)}\r\n${line}\r\n`);
  const socket = connect(nginx.address);
  const body = [...chunks, '0\r\n\r\n'];
  const { status } = await new Client(socket).request(
    'PUT',
    '/upload/lines',
    { 'Transfer-Encoding': 'chunked' },
    body,
  );
  assert.equal(status, 201);
  assert.equal(readFileSync(join(nginx.www, 'upload', 'lines'), 'utf8'), lines.join(''));
  await socket.close();
});
