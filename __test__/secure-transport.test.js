// What `secureTransport` means, and when `startTls()` throws.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair, refusedPort } from './helpers/peer.js';
import { outcome, rejection } from './helpers/settle.js';

const DONE = { value: undefined, done: true };

/** What startTls() throws. */
function thrownByStartTls(socket) {
  try {
    socket.startTls();
  } catch (error) {
    assert.ok(error instanceof SocketError, `${error}`);
    return error;
  }
  throw new Error('startTls() did not throw');
}

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

test('"on" fails operations that wait when nobody answers', { timeout }, async () => {
  const socket = connect(`127.0.0.1:${await refusedPort()}`, { secureTransport: 'on' });
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

test('startTls() throws on a socket with "off", which stays usable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  assert.equal(socket.secureTransport, 'off');
  assert.match(thrownByStartTls(socket).message, /secureTransport/);
  await socket.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
});

test('startTls() throws on a socket with "off" that is connecting', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  thrownByStartTls(socket);
  assert.equal((await socket.opened).remoteAddress, listener.address);
});

test('startTls() throws on a socket with "on"', { timeout }, async () => {
  const socket = connect('127.0.0.1:1', { secureTransport: 'on' });
  assert.match(thrownByStartTls(socket).message, /secureTransport/);
  await rejection(socket.opened);
  thrownByStartTls(socket);
});

test('startTls() throws on a socket that is closed or being closed', { timeout }, async (t) => {
  const { socket } = await pair(t, { secureTransport: 'starttls' });
  const closed = socket.close();
  thrownByStartTls(socket);
  await closed;
  thrownByStartTls(socket);
});

test('startTls() throws on a socket that was closed while it was connecting', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener, { secureTransport: 'starttls' });
  socket.close();
  thrownByStartTls(socket);
});

test('startTls() throws on a socket that could not connect', { timeout }, async () => {
  const socket = connect(`127.0.0.1:${await refusedPort()}`, { secureTransport: 'starttls' });
  await rejection(socket.opened);
  thrownByStartTls(socket);
});

test('startTls() throws on a socket whose peer has ended', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { secureTransport: 'starttls' });
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  thrownByStartTls(socket);
});

test('startTls() throws when it is called twice', { timeout }, async (t) => {
  const { socket } = await pair(t, { secureTransport: 'starttls' });
  const upgraded = socket.startTls();
  thrownByStartTls(socket);
  await upgraded.close();
  thrownByStartTls(socket);
});

test('startTls() throws on the socket that it returned', { timeout }, async (t) => {
  const { socket } = await pair(t, { secureTransport: 'starttls' });
  const upgraded = socket.startTls();
  thrownByStartTls(upgraded);
  await upgraded.close();
  thrownByStartTls(upgraded);
});
