import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, turns } from './helpers/settle.js';

const EIGHT_MEGABYTES = 8 << 20;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('several writes that nobody awaited are delivered', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = Array.from({ length: 1000 }, (_, i) => writer.write(`${i};`));
  const closed = socket.close();
  const expected = Array.from({ length: 1000 }, (_, i) => `${i};`).join('');
  assert.equal(await peer.text(), `${expected} FIN`);
  await closed;
  for (const result of await Promise.all(writes.map(outcome))) assert.deepEqual(result, { value: undefined });
});

test('writes made while the socket was connecting are delivered', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  const writer = socket.writable.getWriter();
  const writes = ['one,', 'two,', 'three'].map((text) => outcome(writer.write(text)));
  await socket.opened;
  socket.close();
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'one,two,three FIN');
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
});

test('writes that were gathered are delivered', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  for (let i = 0; i < 50; i++) await writer.write('0123456789');
  await socket.close();
  assert.equal(await peer.text(), `${'0123456789'.repeat(50)} FIN`);
});

test('eight megabytes are delivered to a peer that begins to read later', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(EIGHT_MEGABYTES);
  const write = socket.writable.getWriter().write(data);
  const closed = socket.close();
  assert.equal(await isPending(closed), true);
  assert.equal(await isPending(write), true);
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, hash(bytes), end], [data.length, hash(data), 'FIN']);
  assert.equal(await closed, undefined);
  assert.equal(await write, undefined);
});

test('eight megabytes are delivered to a peer that reads in small steps', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(EIGHT_MEGABYTES);
  socket.writable.getWriter().write(data);
  const closed = socket.close();
  const received = createHash('sha256');
  for (let offset = 0; offset < data.length; offset += 32768) {
    received.update(await peer.take(32768));
    await turns(1);
  }
  assert.equal(await peer.text(), ' FIN');
  assert.equal(received.digest('hex'), hash(data));
  await closed;
});

test('many large writes in the queue are delivered, and all resolve', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(EIGHT_MEGABYTES);
  const writer = socket.writable.getWriter();
  const writes = [];
  for (let offset = 0; offset < data.length; offset += 1 << 20) {
    writes.push(outcome(writer.write(data.subarray(offset, offset + (1 << 20)))));
  }
  const closed = socket.close(new Error('only for later writes'));
  const { bytes, end } = await peer.rest();
  assert.deepEqual([hash(bytes), end], [hash(data), 'FIN']);
  await closed;
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
});

test(
  'an echo peer, which reads only what it can also write, does not block the close',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    peer.echo();
    const ended = new Promise((resolve) => peer.raw.once('end', resolve));
    let received = 0;
    peer.raw.on('data', (chunk) => (received += chunk.length));
    const write = socket.writable.getWriter().write(new Uint8Array(EIGHT_MEGABYTES));
    const closed = socket.close();
    await ended;
    assert.equal(received, EIGHT_MEGABYTES);
    await closed;
    await write;
  },
);

test(
  'an echo peer does not block a close behind which half of the answer was read',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    peer.echo();
    const ended = new Promise((resolve) => peer.raw.once('end', resolve));
    let received = 0;
    peer.raw.on('data', (chunk) => (received += chunk.length));
    const write = socket.writable.getWriter().write(new Uint8Array(EIGHT_MEGABYTES));
    const reader = socket.readable.getReader();
    await reader.read();
    await reader.read();
    const closed = socket.close();
    await ended;
    assert.equal(received, EIGHT_MEGABYTES);
    await closed;
    await write;
  },
);

test('a peer that still sends after the close gets all that was written', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  let isClosed = false;
  socket.writable.getWriter().write(new Uint8Array(EIGHT_MEGABYTES));
  socket.close().then(() => (isClosed = true));
  // The kernel must not answer the peer's byte with a reset while it still has bytes to deliver.
  let taken = 0;
  for (; !isClosed && taken < EIGHT_MEGABYTES; taken += 65536) {
    await peer.take(65536);
    await turns(2);
  }
  await peer.send('x');
  await turns(10);
  const { bytes } = await peer.rest();
  assert.equal(taken + bytes.length, EIGHT_MEGABYTES);
});

test('a writer.close() that was asked for before is done, not aborted', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const write = outcome(writer.write(new Uint8Array(EIGHT_MEGABYTES)));
  const close = outcome(writer.close());
  const closed = socket.close(new Error('only for later writes'));
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [EIGHT_MEGABYTES, 'FIN']);
  await closed;
  assert.deepEqual(await write, { value: undefined });
  assert.deepEqual(await close, { value: undefined });
});

test(
  'a pipe into the socket that is under way is delivered as far as it had been written',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue('piped');
      },
    });
    const piping = outcome(source.pipeTo(socket.writable));
    assert.equal(`${await peer.take(5)}`, 'piped');
    const reason = new Error('enough');
    socket.close(reason);
    assert.equal(await peer.text(), ' FIN');
    assert.deepEqual(await piping, { error: reason });
  },
);
