// What `secureTransport` means; `startTls()` has files of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { outcome, rejection } from './helpers/settle.js';

const DONE = { value: undefined, done: true };

test('"on" sends nothing in plain text, whoever the peer is', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener, { secureTransport: 'on' });
  assert.equal(socket.secureTransport, 'on');
  assert.equal(socket.upgraded, false);
  const write = outcome(socket.writable.getWriter().write('plain text'));
  const peer = await listener.accept();
  // A handshake record, of any version. RFC 8446 §5.1
  assert.deepEqual([...(await peer.take(2))], [22, 3]);
  await peer.end();
  const error = await rejection(socket.opened);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ECONNRESET');
  assert.ok(error.message.includes(listener.address), error.message);
  assert.equal(await rejection(socket.closed), error);
  assert.deepEqual(await write, { error });
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  assert.equal((await peer.rest()).bytes.includes('plain text'), false);
});

test('"on" fails operations that wait when nobody answers', { timeout }, async (t) => {
  const socket = connect(`127.0.0.1:${await refusedPort(t)}`, { secureTransport: 'on' });
  const read = socket.readable.getReader().read();
  const write = outcome(socket.writable.getWriter().write('plain text'));
  assert.deepEqual(await read, DONE);
  assert.equal((await write).error.code, 'ECONNREFUSED');
  assert.equal(socket.close(), socket.closed);
  assert.equal((await rejection(socket.closed)).code, 'ECONNREFUSED');
});

test('"starttls" is plain text to begin with', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { secureTransport: 'starttls' });
  assert.equal(socket.secureTransport, 'starttls');
  assert.equal(socket.upgraded, false);
  await socket.writable.getWriter().write('hello');
  assert.equal(`${await peer.take(5)}`, 'hello');
  await peer.send('world');
  assert.equal(new TextDecoder().decode((await socket.readable.getReader().read()).value), 'world');
});

test('startTls() throws on a socket with "off" that is connecting', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  assert.throws(() => socket.startTls(), SocketError);
  assert.equal((await socket.opened).remoteAddress, listener.address);
});
