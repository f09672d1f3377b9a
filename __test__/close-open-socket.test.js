import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, rejection } from './helpers/settle.js';

test('closed resolves with undefined, and the peer sees FIN', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  assert.equal(await isPending(socket.closed), true);
  assert.equal(await socket.close(), undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('close() returns the promise of closed, each time', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const { closed } = socket;
  assert.equal(socket.close(), closed);
  assert.equal(socket.close(new Error('again')), closed);
  await closed;
  assert.equal(socket.close(), closed);
  assert.equal(socket.closed, closed);
});

test('close() does not wait for the peer to end its side', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await socket.close();
  assert.equal(peer.raw.writable, true);
});

test('close() does not wait for the peer to read what its kernel has taken', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  socket.writable.getWriter().write(new Uint8Array(10_000));
  const began = performance.now();
  await socket.close();
  // Well below the ten seconds that a peer has which takes nothing.
  assert.ok(performance.now() - began < 5000);
  assert.equal((await peer.rest()).bytes.length, 10_000);
});

test('the descriptor is released when closed resolves', { timeout }, async (t) => {
  const { socket, listener } = await pair(t);
  assert.equal(descriptorsTo(listener.port, 1), 1);
  await socket.close();
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test(
  'the descriptor is released when closed resolves although reads and writes wait',
  { timeout },
  async (t) => {
    const { socket, peer, listener } = await pair(t);
    const read = socket.readable.getReader().read();
    const write = socket.writable.getWriter().write(new Uint8Array(8 << 20));
    const closed = socket.close();
    const { bytes, end } = await peer.rest();
    assert.deepEqual([bytes.length, end], [8 << 20, 'FIN']);
    await closed;
    assert.equal(descriptorsTo(listener.port, 0), 0);
    assert.deepEqual(await outcome(write), { value: undefined });
    assert.deepEqual(await read, { value: undefined, done: true });
  },
);

test('reads that wait are done, also with a reason', { timeout }, async (t) => {
  for (const reason of [undefined, new Error('enough')]) {
    const { socket } = await pair(t);
    const reader = socket.readable.getReader();
    const reads = [reader.read(), reader.read()];
    assert.equal(await isPending(reads[0]), true);
    socket.close(reason);
    for (const read of reads) assert.deepEqual(await read, { value: undefined, done: true });
    assert.equal(await reader.closed, undefined);
  }
});

test('BYOB reads that wait get their buffers back, empty', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const reads = [reader.read(new Uint8Array(16)), reader.read(new DataView(new ArrayBuffer(32), 8, 8))];
  assert.equal(await isPending(reads[0]), true);
  socket.close(new Error('enough'));
  const [first, second] = await Promise.all(reads);
  assert.deepEqual([first.done, first.value.byteLength, first.value.buffer.byteLength], [true, 0, 16]);
  assert.deepEqual([second.done, second.value.byteLength, second.value.buffer.byteLength], [true, 0, 32]);
  assert.ok(second.value instanceof DataView);
});

test('for await ends', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const chunks = [];
  let hasRead;
  const firstRead = new Promise((resolve) => (hasRead = resolve));
  const iteration = (async () => {
    for await (const chunk of socket.readable) {
      chunks.push(String.fromCharCode(...chunk));
      hasRead();
    }
  })();
  await peer.send('one');
  await firstRead;
  socket.close();
  await iteration;
  assert.deepEqual(chunks, ['one']);
});

test('what has arrived and was not read is dropped', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  await peer.send('first');
  await reader.read();
  await peer.send('second');
  socket.close();
  assert.deepEqual(await reader.read(), { value: undefined, done: true });
});

test('what has arrived and was not read does not turn the FIN into a RST', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('unread');
  await socket.writable.getWriter().write('goodbye');
  await socket.close();
  assert.equal(await peer.text(), 'goodbye FIN');
});

test('writes after close() reject with the reason, whatever it is', { timeout }, async (t) => {
  for (const reason of [new Error('enough'), 'a string', null, 0]) {
    const { socket } = await pair(t);
    const writer = socket.writable.getWriter();
    socket.close(reason);
    assert.deepEqual(await outcome(writer.write('late')), { error: reason });
    await socket.closed;
    assert.deepEqual(await outcome(writer.write('later')), { error: reason });
    assert.deepEqual(await outcome(writer.closed), { error: reason });
    assert.deepEqual(await outcome(writer.ready), { error: reason });
  }
});

test('writes after close() without a reason reject with a SocketError', { timeout }, async (t) => {
  const { socket, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  await socket.close();
  const error = await rejection(writer.write('late'));
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ERR_SOCKET_CLOSED');
  assert.equal(error.message, `SocketError: the socket to ${listener.address} is closed`);
});

test('nothing that is written after close() reaches the peer', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const before = writer.write('before');
  socket.close();
  const after = [writer.write('after'), writer.write('after')].map(outcome);
  await before;
  assert.equal(await peer.text(), 'before FIN');
  for (const result of await Promise.all(after)) assert.ok('error' in result);
});

test('streams that are first looked at afterwards have ended too', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const reason = new Error('enough');
  await socket.close(reason);
  assert.deepEqual(await socket.readable.getReader().read(), { value: undefined, done: true });
  const writer = socket.writable.getWriter();
  assert.equal(await rejection(writer.write('late')), reason);
  assert.equal(await rejection(writer.closed), reason);
});

test('close() works with held locks, which can be released afterwards', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  await socket.close();
  assert.equal(socket.readable.locked, true);
  assert.equal(socket.writable.locked, true);
  reader.releaseLock();
  writer.releaseLock();
  assert.equal(socket.readable.locked, false);
  assert.equal(socket.writable.locked, false);
});

test(
  'close() in the very turn in which opened resolves delivers what was written',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const socket = connectTo(t, listener);
    const write = socket.writable.getWriter().write('written while pending');
    await socket.opened;
    await socket.close();
    const peer = await listener.accept();
    assert.equal(await peer.text(), 'written while pending FIN');
    assert.deepEqual(await outcome(write), { value: undefined });
  },
);

test('close() resolves when everything else has ended before', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  assert.equal(await socket.close(), undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('a socket that is closed while the peer keeps sending still ends in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const chunk = Buffer.alloc(65536);
  let isFlooding = true;
  const flood = (async () => {
    while (isFlooding) await peer.send(chunk).catch(() => (isFlooding = false));
  })();
  const write = socket.writable.getWriter().write(new Uint8Array(4 << 20));
  const closed = socket.close();
  const { bytes } = await peer.rest();
  isFlooding = false;
  assert.equal(bytes.length, 4 << 20);
  await closed;
  await write;
  peer.raw.destroy();
  await flood;
});

test('a socket can be closed in answer to what another one got in the same turn', { timeout }, async (t) => {
  const pairs = await Promise.all(Array.from({ length: 20 }, () => pair(t)));
  // Whoever is served first closes all the others, for whom bytes have arrived as well.
  const served = [];
  const reads = pairs.map(async ({ socket }, index) => {
    const result = await socket.readable.getReader().read();
    if (!result.done) served.push(index);
    for (const other of pairs) if (other.socket !== socket) other.socket.close();
    return result;
  });
  for (const { peer } of pairs) peer.raw.write('hello');
  const results = await Promise.all(reads);
  assert.ok(served.length >= 1);
  for (const [index, { done }] of results.entries()) assert.equal(done, !served.includes(index));
  pairs[served[0]].socket.close();
  await Promise.all(pairs.map(({ socket }) => socket.closed));
});
