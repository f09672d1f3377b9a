// A Duplex over a socket with TLS, and TLS over a Duplex.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';

import { TLSSocket, connect, toDuplex } from '../index.js';
import { timeout } from './helpers/deadline.js';
import { ending, openDuplex } from './helpers/duplex.js';
import { listen } from './helpers/peer.js';
import { ca, secure, securePair, upgradablePair } from './helpers/tls-peer.js';
import { turns } from './helpers/settle.js';

test('secureConnect comes behind connect and ready', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t, { server: { ALPNProtocols: ['winter'] }, alpn: ['winter'] });
  const duplex = toDuplex(socket);
  const seen = [];
  for (const event of ['secureConnect', 'ready', 'connect']) duplex.on(event, () => seen.push(event));
  const before = [duplex.encrypted, duplex.authorized, duplex.alpnProtocol];
  assert.deepEqual(before, [true, false, null]);
  await once(duplex, 'secureConnect');
  assert.deepEqual(seen, ['connect', 'ready', 'secureConnect']);
  assert.deepEqual([duplex.encrypted, duplex.authorized, duplex.alpnProtocol], [true, true, 'winter']);
  duplex.write('hello');
  assert.equal(`${await peer.take(5)}`, 'hello');
  await peer.send('world');
  assert.equal(`${(await once(duplex, 'data'))[0]}`, 'world');
  duplex.end();
  await peer.rest();
  await peer.end();
  assert.deepEqual(await once(duplex.resume(), 'close'), [false]);
});

test(
  'without verification it is not authorized, and without ALPN there is no protocol',
  { timeout },
  async (t) => {
    const { socket } = await securePair(t, { tls: { rejectUnauthorized: false } });
    const duplex = toDuplex(socket);
    t.after(() => duplex.destroy());
    await once(duplex, 'secureConnect');
    assert.deepEqual([duplex.authorized, duplex.alpnProtocol], [false, false]);
  },
);

test('10 MiB come back over TLS', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const duplex = toDuplex(socket);
  peer.echo();
  const bytes = randomBytes(10 << 20);
  duplex.end(bytes);
  const received = [];
  for await (const chunk of duplex) received.push(chunk);
  assert.ok(Buffer.concat(received).equals(bytes));
});

test('a certificate that is not trusted is an error with its code', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connect(listener.address, { secureTransport: 'on' }));
  secure(await listener.accept()).catch(() => {});
  const [error, hadError] = await ending(duplex);
  assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(hadError, true);
});

test('a socket that startTls() returned is one like others', { timeout }, async (t) => {
  const { socket, peer } = await upgradablePair(t);
  const duplex = toDuplex(socket.startTls({ ca, expectedServerHostname: 'localhost' }));
  t.after(() => duplex.destroy());
  const [secured] = await Promise.all([secure(peer), once(duplex, 'secureConnect')]);
  duplex.write('hello');
  assert.equal(`${await secured.take(5)}`, 'hello');
});

/** What a driver does that upgrades its stream by itself. */
async function upgrade(t, options) {
  const { duplex, peer } = await openDuplex(t);
  duplex.write('STARTTLS\n');
  assert.equal(`${await peer.take(9)}`, 'STARTTLS\n');
  const answered = once(duplex, 'data');
  await peer.send('go\n');
  await answered;
  const client = tls.connect({ socket: duplex, ca, servername: 'localhost', ...options });
  t.after(() => client.destroy());
  return { client, duplex, peer };
}

test('tls.connect() makes TLS on top of it', { timeout }, async (t) => {
  const { client, duplex, peer } = await upgrade(t);
  const [secured] = await Promise.all([secure(peer), once(client, 'secureConnect')]);
  assert.equal(client.authorized, true);
  const bytes = randomBytes(5 << 20);
  secured.echo();
  const closed = once(duplex, 'close');
  client.end(bytes);
  const received = [];
  for await (const chunk of client) received.push(chunk);
  assert.ok(Buffer.concat(received).equals(bytes));
  assert.deepEqual(await closed, [false]);
});

test('TLS on top of it ends in good order when the server is first', { timeout }, async (t) => {
  const { client, duplex, peer } = await upgrade(t);
  const [secured] = await Promise.all([secure(peer), once(client, 'secureConnect')]);
  const closed = ending(client);
  const closedBelow = ending(duplex);
  client.resume();
  await secured.end();
  assert.deepEqual(await closed, [false]);
  assert.deepEqual(await closedBelow, [false]);
});

test('TLS on top of it refuses a certificate before it reports the end', { timeout }, async (t) => {
  const { client, duplex, peer } = await upgrade(t, { servername: 'winter.test' });
  const seen = [];
  client.on('error', ({ code }) => seen.push(code)).on('close', () => seen.push('close'));
  duplex.on('close', () => seen.push('close below'));
  secure(peer).catch(() => {});
  await once(duplex, 'close');
  await turns(5);
  assert.equal(seen[0], 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.deepEqual(seen.slice(1).sort(), ['close', 'close below']);
});

test('TLS can be put on a duplex whose socket still connects, with TLS itself', { timeout }, async (t) => {
  const listener = await listen(t);
  const outer = toDuplex(new TLSSocket({ ca }).connect(listener.address));
  const inner = tls.connect({ socket: outer, ca, servername: 'localhost' });
  t.after(() => inner.destroy());
  const outerPeer = await secure(await listener.accept());
  const [innerPeer] = await Promise.all([secure(outerPeer), once(inner, 'secureConnect')]);
  inner.write('hello');
  assert.equal(`${await innerPeer.take(5)}`, 'hello');
});
