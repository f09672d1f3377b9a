// The peer ends its side, and `allowHalfOpen` is true.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { pair } from './helpers/peer.js';
import { isPending, outcome } from './helpers/settle.js';

const LARGE = 16 << 20;
const DONE = { value: undefined, done: true };
const allowHalfOpen = true;

test('after the end the socket stays open and can be written to', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t, { allowHalfOpen });
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  const writer = socket.writable.getWriter();
  await writer.write('one');
  assert.equal(`${await peer.take(3)}`, 'one');
  await writer.write('two');
  assert.equal(`${await peer.take(3)}`, 'two');
  assert.equal(await isPending(socket.closed), true);
  assert.equal(await isPending(writer.closed), true);
  assert.equal(descriptorsTo(listener.port, 1), 1);
});

test(
  'closed resolves when the writable is closed too, and the descriptor is released',
  { timeout },
  async (t) => {
    const { socket, peer, listener } = await pair(t, { allowHalfOpen });
    await peer.end();
    await socket.readable.getReader().read();
    const writer = socket.writable.getWriter();
    await writer.write('answer');
    await writer.close();
    assert.equal(await socket.closed, undefined);
    assert.equal(descriptorsTo(listener.port, 0), 0);
    assert.equal(await peer.text(), 'answer FIN');
  },
);

test(
  'closed resolves at the end of the readable when the writable was closed first',
  { timeout },
  async (t) => {
    const { socket, peer, listener } = await pair(t, { allowHalfOpen });
    await socket.writable.close();
    assert.equal(await peer.text(), ' FIN');
    assert.equal(await isPending(socket.closed), true);
    await peer.end();
    assert.equal(await isPending(socket.closed), true);
    assert.deepEqual(await socket.readable.getReader().read(), DONE);
    assert.equal(await socket.closed, undefined);
    assert.equal(descriptorsTo(listener.port, 0), 0);
  },
);

test('closed is pending until the end is read, although both sides have ended', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  await peer.send('unread');
  await peer.end();
  await socket.writable.close();
  assert.equal(await isPending(socket.closed), true);
  const reader = socket.readable.getReader();
  assert.equal((await reader.read()).done, false);
  assert.equal(await isPending(socket.closed), true);
  assert.deepEqual(await reader.read(), DONE);
  assert.equal(await socket.closed, undefined);
});

test('closed resolves only when what waits to be written is flushed', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  const writer = socket.writable.getWriter();
  const write = outcome(writer.write(new Uint8Array(LARGE)));
  const close = outcome(writer.close());
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  assert.equal(await isPending(socket.closed), true);
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [LARGE, 'FIN']);
  assert.deepEqual(await write, { value: undefined });
  assert.deepEqual(await close, { value: undefined });
  assert.equal(await socket.closed, undefined);
});

test('an upload of megabytes can begin after the end', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  await peer.end();
  await socket.readable.getReader().read();
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(LARGE)), writer.close()];
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [LARGE, 'FIN']);
  await Promise.all(writes);
  assert.equal(await socket.closed, undefined);
});

test('close() after the end delivers what was written and resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  await peer.end();
  await socket.readable.getReader().read();
  socket.writable.getWriter().write('goodbye');
  assert.equal(await socket.close(), undefined);
  assert.equal(await peer.text(), 'goodbye FIN');
});

test('an aborted writable is a closed one: closed resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  await peer.end();
  await socket.readable.getReader().read();
  await socket.writable.abort(new Error('no answer'));
  assert.equal(await socket.closed, undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('a peer that ends first and last: everything it sent is read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { allowHalfOpen });
  await peer.send('hello');
  await peer.end();
  assert.equal(await new Response(socket.readable).text(), 'hello');
  assert.equal(await isPending(socket.closed), true);
  await socket.writable.close();
  assert.equal(await socket.closed, undefined);
});
