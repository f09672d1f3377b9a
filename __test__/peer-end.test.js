// The peer ends its side, and `allowHalfOpen` is false, as by default.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';

const LARGE = 16 << 20;
const text = ({ value }) => new TextDecoder().decode(value);
const DONE = { value: undefined, done: true };

test('a read that waits is done, closed resolves, and the peer sees FIN', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const read = reader.read();
  await peer.end();
  assert.deepEqual(await read, DONE);
  assert.equal(await reader.closed, undefined);
  assert.equal(await socket.closed, undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('closed resolves only when the last byte and the end have been read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('last words');
  await peer.end();
  const reader = socket.readable.getReader();
  assert.equal(await isPending(socket.closed), true);
  assert.equal(text(await reader.read()), 'last words');
  assert.equal(await isPending(socket.closed), true);
  assert.deepEqual(await reader.read(), DONE);
  assert.equal(await socket.closed, undefined);
});

test(
  'while nobody reads, nothing happens: closed is pending and writes go through',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    await peer.end();
    assert.equal(await isPending(socket.closed), true);
    await socket.writable.getWriter().write('still here');
    assert.equal(`${await peer.take(10)}`, 'still here');
    assert.equal(await isPending(socket.closed), true);
  },
);

test('the end is read before closed resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const order = [];
  socket.closed.then(() => order.push('closed'));
  const read = socket.readable
    .getReader()
    .read()
    .then(() => order.push('read'));
  await peer.end();
  await Promise.all([read, socket.closed]);
  assert.deepEqual(order, ['read', 'closed']);
});

test('the descriptor is released when closed resolves', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('later writes reject with a SocketError, which is what errored the stream', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  const error = await rejection(writer.write('late'));
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'EPIPE');
  assert.match(error.message, new RegExp(`^SocketError: write to ${listener.address} failed: `));
  assert.equal(await rejection(writer.closed), error);
  assert.ok((await rejection(writer.close())) instanceof TypeError);
  assert.equal(await peer.text(), ' FIN');
});

test('a writable that is first looked at afterwards is errored too', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  const error = await rejection(socket.writable.getWriter().write('late'));
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'EPIPE');
});

test('a readable that is first looked at afterwards has everything', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('last words');
  await peer.end();
  await isPending(socket.closed);
  assert.equal(await new Response(socket.readable).text(), 'last words');
  assert.equal(await socket.closed, undefined);
});

test('writes that wait are flushed first, then FIN is sent and closed resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(LARGE)), writer.write('the end')].map(outcome);
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  assert.equal(await isPending(socket.closed), true);
  const { bytes, end } = await peer.rest();
  assert.equal(bytes.length, LARGE + 'the end'.length);
  assert.equal(`${bytes.subarray(LARGE)} ${end}`, 'the end FIN');
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  assert.equal(await socket.closed, undefined);
  assert.equal((await rejection(writer.write('late'))).code, 'EPIPE');
});

test('a write after the end was read rejects while those before it are flushed', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const before = outcome(writer.write(new Uint8Array(LARGE)));
  await peer.end();
  await socket.readable.getReader().read();
  await turns(2);
  const after = outcome(writer.write('never sent'));
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [LARGE, 'FIN']);
  assert.deepEqual(await before, { value: undefined });
  assert.equal((await after).error.code, 'EPIPE');
});

test('a write in answer to the end is delivered if it resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  await peer.end();
  await socket.readable.getReader().read();
  const result = await outcome(writer.write('goodbye'));
  assert.equal(await peer.text(), 'value' in result ? 'goodbye FIN' : ' FIN');
  assert.equal(await socket.closed, undefined);
});

test('a socket that is piped to itself echoes everything, and ends in good order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const piping = socket.readable.pipeTo(socket.writable);
  const answer = peer.rest();
  peer.raw.end(Buffer.alloc(LARGE, 'x'));
  const { bytes, end } = await answer;
  assert.deepEqual([bytes.length, end], [LARGE, 'FIN']);
  assert.equal(await piping, undefined);
  assert.equal(await socket.closed, undefined);
});

test('writes that were gathered are flushed', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  const read = reader.read().then(async (result) => {
    assert.equal(text(result), 'go');
    for (let i = 0; i < 10; i++) writer.write(`${i}`).catch(() => {});
    return reader.read();
  });
  await peer.send('go');
  await peer.end();
  assert.deepEqual(await read, DONE);
  assert.equal(await peer.text(), '0123456789 FIN');
});

test(
  'when the writer was closed first, closed resolves at the end of the readable',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    await writer.write('request');
    await writer.close();
    assert.equal(await peer.text(), 'request FIN');
    assert.equal(await isPending(socket.closed), true);
    await peer.send('response');
    await peer.end();
    const reader = socket.readable.getReader();
    assert.equal(text(await reader.read()), 'response');
    assert.equal(await isPending(socket.closed), true);
    assert.deepEqual(await reader.read(), DONE);
    assert.equal(await socket.closed, undefined);
    assert.equal(await writer.closed, undefined);
  },
);

test(
  'when the writer is closed afterwards but before the end is read, all is in order',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    await peer.end();
    const writer = socket.writable.getWriter();
    await writer.write('goodbye');
    await writer.close();
    assert.equal(await peer.text(), 'goodbye FIN');
    assert.equal(await isPending(socket.closed), true);
    assert.deepEqual(await socket.readable.getReader().read(), DONE);
    assert.equal(await socket.closed, undefined);
  },
);

test(
  'a writer.close() behind writes that wait is done when they are, and resolves',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    const write = outcome(writer.write(new Uint8Array(LARGE)));
    const close = outcome(writer.close());
    await peer.end();
    assert.deepEqual(await socket.readable.getReader().read(), DONE);
    const { bytes, end } = await peer.rest();
    assert.deepEqual([bytes.length, end], [LARGE, 'FIN']);
    assert.deepEqual(await write, { value: undefined });
    assert.deepEqual(await close, { value: undefined });
    assert.equal(await socket.closed, undefined);
  },
);

test('a BYOB read at the end gives an empty view of its own buffer', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint16Array(new ArrayBuffer(24), 8, 4));
  await peer.end();
  const { value, done } = await read;
  assert.equal(done, true);
  assert.ok(value instanceof Uint16Array);
  assert.deepEqual([value.byteOffset, value.byteLength, value.buffer.byteLength], [8, 0, 24]);
  assert.equal(await socket.closed, undefined);
});

test('an end in the middle of an element of a BYOB view is an error', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const read = reader.read(new Uint16Array(4));
  await peer.send('x');
  await peer.end();
  assert.ok((await rejection(read)) instanceof TypeError);
  assert.equal(await socket.closed, undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('close() with unread bytes and an unread end is in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('unread');
  await peer.end();
  await socket.writable.getWriter().write('goodbye');
  await socket.close();
  assert.equal(await peer.text(), 'goodbye FIN');
});

test('a peer that sends and ends before the socket has opened is read to its end', { timeout }, async (t) => {
  const listener = await listen(t);
  const accepted = listener.accept().then(async (peer) => {
    await peer.send('hello');
    await peer.end();
    return peer;
  });
  const socket = connectTo(t, listener);
  const chunks = [];
  for await (const chunk of socket.readable) chunks.push(text({ value: chunk }));
  assert.deepEqual(chunks, ['hello']);
  assert.equal(await socket.closed, undefined);
  assert.equal(await (await accepted).text(), ' FIN');
});

test('megabytes that were sent before the end are all read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  peer.raw.end(Buffer.alloc(LARGE, 'x'));
  let count = 0;
  for await (const chunk of socket.readable) count += chunk.byteLength;
  assert.equal(count, LARGE);
  assert.equal(await socket.closed, undefined);
});

test('closed of a socket that is read by pipeTo resolves at the end of the pipe', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const chunks = [];
  const sink = new WritableStream({ write: (chunk) => void chunks.push(text({ value: chunk })) });
  const piping = socket.readable.pipeTo(sink);
  await peer.send('piped');
  await peer.end();
  await piping;
  assert.equal(chunks.join(''), 'piped');
  assert.equal(await socket.closed, undefined);
});
