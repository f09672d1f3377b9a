// The upgrade of a plain-text connection to TLS.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, TLSSocket } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { released } from './helpers/descriptors.js';
import { connectTo, listen } from './helpers/peer.js';
import { isPending, outcome, rejection } from './helpers/settle.js';
import { VERSIONS, ca, only, secure, takeRecord, upgradablePair } from './helpers/tls-peer.js';
import { pem } from './helpers/tls-server.js';

const LARGE = 4 << 20;
const ASK = 'STARTTLS\r\n';
const GO = 'go ahead\r\n';
const DONE = { value: undefined, done: true };
const text = ({ value }) => new TextDecoder().decode(value);

/** A connection that is upgraded as most protocols do it: the client asks, and the server tells it to go ahead. */
async function upgradedPair(t, { tls, server, ...options } = {}) {
  const { socket: old, peer: plain, listener } = await upgradablePair(t, options);
  const [reader, writer] = [old.readable.getReader(), old.writable.getWriter()];
  await writer.write(ASK);
  assert.equal(`${await plain.take(ASK.length)}`, ASK);
  await plain.send(GO);
  assert.equal(text(await reader.read()), GO);
  const socket = upgrade(t, old, tls);
  const [peer] = await Promise.all([secure(plain, server), socket.opened]);
  return { old, reader, writer, socket, peer, plain, listener };
}

/** Upgrades a socket; the new one is closed when the test is over. */
function upgrade(t, socket, options) {
  const upgraded = socket.startTls({ ca, ...options });
  t.after(() => upgraded.close().catch(() => {}));
  return upgraded;
}

async function assertEchoes(socket, peer) {
  await socket.writable.getWriter().write('ping');
  assert.equal(`${await peer.take(4)}`, 'ping');
  await peer.send('pong');
  assert.equal(text(await socket.readable.getReader().read()), 'pong');
}

for (const version of VERSIONS) {
  test(`a connection goes on in ${version}`, { timeout }, async (t) => {
    const { old, socket, peer, listener } = await upgradedPair(t, { server: only(version) });
    assert.equal(peer.raw.getProtocol(), version);
    assert.deepEqual([old.secureTransport, old.upgraded], ['starttls', true]);
    assert.deepEqual([socket.secureTransport, socket.upgraded], ['on', false]);
    assert.deepEqual(await socket.opened, await old.opened);
    await assertEchoes(socket, peer);
    assert.equal(listener.count, 1);
    await socket.close();
    assert.equal(await peer.text(), ' FIN');
    await released(listener.port);
  });
}

test('what was written just before arrives first, in plain text', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const writer = socket.writable.getWriter();
  const writes = ['one,', 'two,', ASK].map((word) => outcome(writer.write(word)));
  const upgraded = upgrade(t, socket);
  const expected = `one,two,${ASK}`;
  assert.equal(`${await plain.take(expected.length)}`, expected);
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  const peer = await secure(plain);
  await upgraded.opened;
  await assertEchoes(upgraded, peer);
});

test('what is more than the kernel takes arrives first as well', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(Buffer.alloc(8 * LARGE, 'x')), writer.write(ASK)].map(outcome);
  const upgraded = upgrade(t, socket);
  assert.equal(await isPending(socket.closed), true);
  const received = await plain.take(8 * LARGE + ASK.length);
  assert.ok(received.equals(Buffer.concat([Buffer.alloc(8 * LARGE, 'x'), Buffer.from(ASK)])));
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  const peer = await secure(plain);
  await upgraded.opened;
  await assertEchoes(upgraded, peer);
});

test('nothing but a handshake is sent when nothing was written', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const upgraded = upgrade(t, socket);
  const [type, major] = await takeRecord(plain);
  assert.deepEqual([type, major], [22, 3]);
  assert.equal(await isPending(upgraded.opened), true);
});

test('reads of the old socket that wait are done, and later ones too', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const reader = socket.readable.getReader();
  const reads = [reader.read(), reader.read()];
  assert.equal(await isPending(reads[0]), true);
  const upgraded = upgrade(t, socket);
  for (const read of reads) assert.deepEqual(await read, DONE);
  assert.deepEqual(await reader.read(), DONE);
  assert.equal(await reader.closed, undefined);
  const peer = await secure(plain);
  await upgraded.opened;
  await assertEchoes(upgraded, peer);
});

test('a BYOB read of the old socket that waits gets its buffer back, empty', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(16));
  assert.equal(await isPending(read), true);
  const upgraded = upgrade(t, socket);
  const { value, done } = await read;
  assert.deepEqual([done, value.byteLength, value.buffer.byteLength], [true, 0, 16]);
  const peer = await secure(plain);
  await upgraded.opened;
  await assertEchoes(upgraded, peer);
});

test('a loop over the old readable ends', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const chunks = [];
  const looping = (async () => {
    for await (const value of socket.readable) chunks.push(text({ value }));
  })();
  await plain.send(GO);
  while (chunks.length === 0) await new Promise(setImmediate);
  const upgraded = upgrade(t, socket);
  await looping;
  const peer = await secure(plain);
  await upgraded.opened;
  await assertEchoes(upgraded, peer);
  assert.deepEqual(chunks, [GO]);
});

test('writes to the old socket fail, and the peer never sees them', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const writer = socket.writable.getWriter();
  const upgraded = upgrade(t, socket);
  const early = outcome(writer.write('too late'));
  const peer = await secure(plain);
  await upgraded.opened;
  const late = outcome(writer.write('even later'));
  for (const { error } of [await early, await late]) assert.ok(error instanceof SocketError, `${error}`);
  await assertEchoes(upgraded, peer);
});

for (const [kind, write] of Object.entries({
  'a writer that was there before': ({ held }) => held.write('PASSWORD'),
  'a new writer': ({ old, held }) => {
    held.releaseLock();
    return old.writable.getWriter().write('PASSWORD');
  },
  'a pipe': ({ old, held }) => {
    held.releaseLock();
    return new Blob(['PASSWORD']).stream().pipeTo(old.writable);
  },
})) {
  for (const before of ['', ASK]) {
    const title = before === '' ? 'nothing was written' : 'something was written';
    test(
      `what ${kind} writes to an old socket that is still connecting is not sent, if ${title} before`,
      { timeout },
      async (t) => {
        const listener = await listen(t);
        const old = connectTo(t, listener, { secureTransport: 'starttls' });
        const held = old.writable.getWriter();
        const asked = before === '' ? undefined : outcome(held.write(before));
        const socket = upgrade(t, old);
        const late = outcome(write({ old, held }));
        const plain = await listener.accept();
        assert.equal(`${await plain.take(before.length)}`, before);
        // Else this would not begin with a record.
        const peer = await secure(plain);
        await socket.opened;
        const { error } = await late;
        assert.equal(error?.code, 'ERR_SOCKET_CLOSED');
        if (asked !== undefined) assert.deepEqual(await asked, { value: undefined });
        assert.equal(old.upgraded, true);
        await assertEchoes(socket, peer);
      },
    );
  }
}

test(
  'the writable of an old socket that is still connecting is of no use when it is asked for later',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const old = connectTo(t, listener, { secureTransport: 'starttls' });
    const socket = upgrade(t, old);
    const late = outcome(old.writable.getWriter().write('PASSWORD'));
    const peer = await secure(await listener.accept());
    await socket.opened;
    assert.equal((await late).error?.code, 'ERR_SOCKET_CLOSED');
    await assertEchoes(socket, peer);
  },
);

test('whatever is done to the old socket and its streams, the new one stays open', { timeout }, async (t) => {
  const { old, reader, writer, socket, peer } = await upgradedPair(t);
  await reader.cancel();
  reader.releaseLock();
  await outcome(writer.abort());
  writer.releaseLock();
  assert.equal(old.close(), old.closed);
  await old.close(new Error('not needed any more'));
  await old[Symbol.asyncDispose]();
  old.unref().ref();
  await assertEchoes(socket, peer);
});

test('ready, then the old closed, then the new opened', { timeout }, async (t) => {
  const { socket: old, peer: plain } = await upgradablePair(t);
  const order = [];
  const note = (name) => () => order.push(name);
  old.closed.then(() => order.push(`closed, upgraded is ${old.upgraded}`));
  const socket = upgrade(t, old);
  assert.ok(socket instanceof Object.getPrototypeOf(old).constructor);
  assert.deepEqual(order, []);
  // Registered the other way round, so that it is not this order that is seen.
  socket.opened.then(note('opened'));
  socket.writable.getWriter().ready.then(note('ready'));
  await old.closed;
  // The handshake has not even begun on the other side.
  assert.deepEqual(order, ['ready', 'closed, upgraded is true']);
  assert.equal(await isPending(socket.opened), true);
  await secure(plain);
  await socket.opened;
  assert.deepEqual(order, ['ready', 'closed, upgraded is true', 'opened']);
});

test('a socket that is still connecting can be upgraded', { timeout }, async (t) => {
  const listener = await listen(t);
  const old = connectTo(t, listener, { secureTransport: 'starttls' });
  const write = outcome(old.writable.getWriter().write(ASK));
  const socket = upgrade(t, old);
  const writer = socket.writable.getWriter();
  const queued = outcome(writer.write('hello'));
  const plain = await listener.accept();
  assert.equal(`${await plain.take(ASK.length)}`, ASK);
  const peer = await secure(plain);
  assert.equal(`${await peer.take(5)}`, 'hello');
  assert.equal((await old.opened).remoteAddress, listener.address);
  assert.equal((await socket.opened).remoteAddress, listener.address);
  assert.equal(await old.closed, undefined);
  assert.equal(old.upgraded, true);
  for (const result of [await write, await queued]) assert.deepEqual(result, { value: undefined });
  assert.equal(listener.count, 1);
});

test('what is written before the handshake is done arrives after it, in order', { timeout }, async (t) => {
  const { socket: old, peer: plain } = await upgradablePair(t);
  const socket = upgrade(t, old);
  const read = socket.readable.getReader().read();
  const writer = socket.writable.getWriter();
  const chunks = [...Array.from({ length: 100 }, (_, i) => Buffer.from(`${i};`)), Buffer.alloc(LARGE, 'x')];
  const writes = chunks.map((chunk) => outcome(writer.write(chunk)));
  const close = writer.close();
  const peer = await secure(plain);
  const { bytes, end } = await peer.rest();
  assert.ok(bytes.equals(Buffer.concat(chunks)));
  assert.equal(end, 'FIN');
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  await close;
  await peer.send('answer');
  assert.equal(text(await read), 'answer');
});

test('a close() before the handshake is done does not wait for it', { timeout }, async (t) => {
  const { socket: old, peer: plain, listener } = await upgradablePair(t);
  const socket = upgrade(t, old);
  await takeRecord(plain);
  assert.equal(await socket.close(), undefined);
  assert.equal((await rejection(socket.opened)).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  assert.equal(await old.closed, undefined);
  await plain.rest();
  await released(listener.port);
});

test('the new socket has the allowHalfOpen of the old one', { timeout }, async (t) => {
  const { socket, peer } = await upgradedPair(t, { allowHalfOpen: true });
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  assert.equal(await isPending(socket.closed), true);
  const writer = socket.writable.getWriter();
  await writer.write('still here');
  await writer.close();
  assert.equal(await peer.text(), 'still here FIN');
  assert.equal(await socket.closed, undefined);
});

for (const [title, options, saw] of [
  ['none, to an address', {}, { servername: false }],
  ['expectedServerHostname', { expectedServerHostname: 'localhost' }, { servername: 'localhost' }],
  ['servername', { servername: 'localhost' }, { servername: 'localhost' }],
  [
    'expectedServerHostname and servername',
    { expectedServerHostname: 'localhost', servername: 'example.org' },
    { servername: 'localhost' },
  ],
  ['ALPNProtocols', { ALPNProtocols: ['h9', 'winter'] }, { alpnProtocol: 'winter' }],
  ['alpn', { alpn: ['winter'] }, { alpnProtocol: 'winter' }],
  ['minVersion and maxVersion', only('TLSv1.2'), { protocol: 'TLSv1.2' }],
  ['cert and key', { cert: pem('client-p256.pem'), key: pem('p256.key') }, { authorized: true }],
  ['no cert', {}, { authorized: false }],
  ['ca as a list of buffers', { ca: [Buffer.from(ca)] }, {}],
]) {
  test(`the options of startTls(): ${title}`, { timeout }, async (t) => {
    const server = { ALPNProtocols: ['winter'], ca, requestCert: true, rejectUnauthorized: false };
    const { socket, peer } = await upgradedPair(t, { tls: options, server });
    const { servername, alpnProtocol, authorized } = peer.raw;
    const seen = { servername, alpnProtocol, authorized, protocol: peer.raw.getProtocol() };
    for (const [name, value] of Object.entries(saw)) assert.equal(seen[name], value, name);
    assert.equal((await socket.opened).alpn, alpnProtocol || null);
    await assertEchoes(socket, peer);
  });
}

test('startTls() begins with the options of the binding', { timeout }, async (t) => {
  const listener = await listen(t);
  const binding = new TLSSocket({ ca, servername: 'localhost', ALPNProtocols: ['winter'] });
  for (const [options, expected] of [
    [undefined, { alpn: 'winter', servername: 'localhost' }],
    [{ ALPNProtocols: ['frost'] }, { alpn: 'frost', servername: 'localhost' }],
  ]) {
    const old = binding.connect(listener.address, { secureTransport: 'starttls' });
    const socket = old.startTls(options);
    t.after(() => socket.close());
    const peer = await secure(await listener.accept(), { ALPNProtocols: ['frost', 'winter'] });
    const { alpn } = await socket.opened;
    assert.deepEqual({ alpn, servername: peer.raw.servername }, expected);
  }
});
