// HTTPS, with nginx.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { TLSSocket, connect } from '../../index.js';
import { VERSIONS, ca, only } from '../helpers/tls-peer.js';
import { fixture } from '../helpers/tls-server.js';
import { download, ways } from './helpers/download.js';
import { Client } from './helpers/http.js';
import { PAGE, sha256, skip, startNginx } from './helpers/nginx.js';

const options = { skip, timeout: 120_000 };

/** @type {Awaited<ReturnType<typeof startNginx>>} */
let nginx;

before(async () => {
  if (skip) return;
  nginx = await startNginx(
    (www, port) => `
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${fixture('p256.pem')};
    ssl_certificate_key ${fixture('p256.key')};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:sessions:1m;
    root ${www};
    location /session { return 200 "$ssl_protocol $ssl_session_reused $ssl_server_name"; }
    location /upload/ { dav_methods PUT; create_full_put_path on; }`,
  );
});

after(() => nginx?.stop());

/** Opens a socket to it, by the name in its certificate. */
function open(binding = new TLSSocket({ ca })) {
  return binding.connect(nginx.address, { sni: 'localhost' });
}

for (const version of VERSIONS) {
  test(`one connection serves a hundred requests, in ${version}`, options, async () => {
    const socket = open(new TLSSocket({ ca, ...only(version) }));
    const client = new Client(socket);
    for (let i = 0; i < 100; i++) {
      const { status, body } = await client.request('GET', '/page');
      assert.deepEqual([status, `${body}`], [200, PAGE]);
    }
    await socket.close();
  });

  test(`a binding resumes its sessions, in ${version}`, options, async () => {
    const binding = new TLSSocket({ ca, ...only(version) });
    const session = async () => {
      const socket = open(binding);
      const { body } = await new Client(socket).request('GET', '/session', { Connection: 'close' });
      await socket.close();
      return `${body}`;
    };
    await session();
    for (let i = 0; i < 10; i++) assert.equal(await session(), `${version} r localhost`);
  });
}

test('requests that are sent without waiting for answers are all answered', options, async () => {
  const socket = open();
  const requests = Array.from({ length: 100 }, () => ['GET', '/page']);
  const responses = await new Client(socket).pipeline(requests);
  for (const { status, body } of responses) assert.deepEqual([status, `${body}`], [200, PAGE]);
  await socket.close();
});

test('the protocol is negotiated', options, async () => {
  const socket = open(new TLSSocket({ ca, alpn: ['h3', 'http/1.1'] }));
  assert.equal((await socket.opened).alpn, 'http/1.1');
  assert.equal((await new Client(socket).request('GET', '/page')).status, 200);
  await socket.close();
});

test(
  'after Connection: close the response ends with the connection, and closed resolves',
  options,
  async () => {
    const socket = open();
    const client = new Client(socket);
    const { body } = await client.request('GET', '/page', { Connection: 'close' });
    assert.equal(`${body}`, PAGE);
    assert.ok(await client.isEnded());
    await socket.closed;
  },
);

for (const [way, read] of Object.entries(ways)) {
  test(`100 MiB arrive unchanged through ${way}`, options, async (t) => {
    const start = performance.now();
    assert.equal(await download(open(), '/100M', read), nginx.hashes['100M']);
    const seconds = (performance.now() - start) / 1000;
    t.diagnostic(`100 MiB in ${seconds.toFixed(2)} s, ${Math.round(100 / seconds)} MiB/s`);
  });
}

test('20 files of 5 MiB arrive unchanged at the same time', options, async () => {
  const all = Array.from({ length: 20 }, (_, i) => Object.values(ways)[i % 4]);
  const binding = new TLSSocket({ ca });
  const received = await Promise.all(all.map((read) => download(open(binding), '/5M', read)));
  assert.deepEqual(received, Array(20).fill(nginx.hashes['5M']));
});

test('an upload of 20 MiB arrives unchanged', options, async () => {
  const bytes = randomBytes(20 * 2 ** 20);
  const pieces = Array.from({ length: 320 }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536));
  const socket = open();
  const head = { 'Content-Length': bytes.length };
  const { status } = await new Client(socket).request('PUT', '/upload/20M', head, pieces);
  assert.equal(status, 201);
  assert.equal(sha256(readFileSync(join(nginx.www, 'upload', '20M'))), sha256(bytes));
  await socket.close();
});

test('a plain-text request is told so, and a socket without TLS reads that', options, async () => {
  const socket = connect(nginx.address);
  const { status } = await new Client(socket).request('GET', '/page');
  assert.equal(status, 400);
  await socket.close();
});
