import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { turns } from './helpers/settle.js';

/** Reads as many bytes, by as many reads as it takes. */
async function readBytes(reader, count) {
  const chunks = [];
  for (let length = 0; length < count;) {
    const { value, done } = await reader.read();
    assert.equal(done, false);
    chunks.push(value);
    length += value.byteLength;
  }
  return chunks;
}

function assertOwnsItsBuffer(chunk) {
  assert.equal(Object.getPrototypeOf(chunk), Uint8Array.prototype);
  assert.ok(chunk.buffer instanceof ArrayBuffer);
  assert.equal(chunk.byteOffset, 0);
  assert.equal(chunk.buffer.byteLength, chunk.byteLength);
  assert.notEqual(chunk.byteLength, 0);
}

for (const [title, size] of [
  ['small', 10],
  ['of a page', 4096],
  ['of a slab less one', 65535],
  ['of a slab', 65536],
  ['of a slab and one', 65537],
  ['of megabytes', 5_000_003],
]) {
  test(`chunks own their whole buffer, and can be transferred: ${title}`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    const data = randomBytes(size);
    const sent = peer.send(data);
    const chunks = await readBytes(socket.readable.getReader(), size);
    await sent;
    for (const chunk of chunks) assertOwnsItsBuffer(chunk);
    assert.ok(Buffer.concat(chunks).equals(data));
    const moved = structuredClone(chunks, { transfer: chunks.map((chunk) => chunk.buffer) });
    for (const chunk of chunks) assert.equal(chunk.byteLength, 0);
    assert.ok(Buffer.concat(moved).equals(data));
  });
}

test('chunks stay what they were when more is read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const kept = [];
  for (let i = 0; i < 200; i++) {
    await peer.send(Buffer.alloc(i + 1, i));
    kept.push(...(await readBytes(reader, i + 1)));
  }
  const expected = Buffer.concat(Array.from({ length: 200 }, (_, i) => Buffer.alloc(i + 1, i)));
  assert.ok(Buffer.concat(kept).equals(expected));
});

test('chunks that are changed or transferred leave those of other sockets alone', { timeout }, async (t) => {
  const [first, second] = [await pair(t), await pair(t)];
  const readers = [first, second].map(({ socket }) => socket.readable.getReader());
  for (let round = 0; round < 50; round++) {
    const size = round % 2 === 0 ? 100 : 200_000;
    const sent = [first.peer.send(Buffer.alloc(size, 1)), second.peer.send(Buffer.alloc(size, 2))];
    const [ones, twos] = await Promise.all(readers.map((reader) => readBytes(reader, size)));
    for (const chunk of ones) {
      chunk.fill(9);
      structuredClone(chunk, { transfer: [chunk.buffer] });
    }
    assert.ok(twos.every((chunk) => chunk.every((byte) => byte === 2)));
    await Promise.all(sent);
  }
});

test('a chunk never shows what was in memory before', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  // A full slab, so that the next chunk is received in bulk, and only half of one.
  for (const size of [65536, 65536, 40_000, 10]) {
    await peer.send(Buffer.alloc(size, 7));
    const chunks = await readBytes(reader, size);
    for (const chunk of chunks) {
      assertOwnsItsBuffer(chunk);
      assert.ok(chunk.every((byte) => byte === 7));
    }
  }
});

test('what the peer sends at once comes as few chunks, of at most 64 KiB', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send(Buffer.alloc(1 << 20));
  await turns(20);
  const chunks = await readBytes(socket.readable.getReader(), 1 << 20);
  assert.ok(chunks.length < 100, `${chunks.length} chunks`);
  assert.ok(chunks.every((chunk) => chunk.byteLength <= 65536));
});

test('what the peer sends byte by byte arrives byte for byte', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(3000);
  const sending = (async () => {
    for (let i = 0; i < data.length; i++) {
      await peer.send(data.subarray(i, i + 1));
      if (i % 3 === 0) await turns(1);
    }
    await peer.end();
  })();
  const chunks = [];
  for await (const chunk of socket.readable) {
    assertOwnsItsBuffer(chunk);
    chunks.push(chunk);
  }
  await sending;
  assert.ok(Buffer.concat(chunks).equals(data));
});

test('several reads that wait are served in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const order = [];
  const reads = Array.from({ length: 5 }, (_, i) =>
    reader.read().then(({ value }) => {
      order.push(i);
      return new TextDecoder().decode(value);
    }),
  );
  for (let i = 0; i < 5; i++) {
    await peer.send(`${i}`);
    assert.equal(await reads[i], `${i}`);
  }
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test('reads that wait before the socket is open are served', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = socket.readable.getReader().read();
  await peer.send('hello');
  assert.equal(new TextDecoder().decode((await read).value), 'hello');
});
