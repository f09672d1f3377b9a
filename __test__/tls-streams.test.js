// What goes through a socket with TLS.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { SocketError } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';
import { VERSIONS, only, securePair } from './helpers/tls-peer.js';

const MEGABYTE = 1 << 20;
const MORE_THAN_THE_KERNEL_TAKES = 64 * MEGABYTE;
/** What a record of TLS has room for. */
const RECORD = 16384;

const text = ({ value }) => new TextDecoder().decode(value);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Reads as many bytes. */
async function take(reader, count) {
  const chunks = [];
  for (let length = 0; length < count; length += chunks.at(-1).byteLength) {
    const { value, done } = await reader.read();
    assert.equal(done, false, `the readable ended after ${length} of ${count} bytes`);
    assert.equal(value.byteLength, value.buffer.byteLength);
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

/** Reads to the end with views of one size. */
async function takeAllByob(readable, size) {
  const reader = readable.getReader({ mode: 'byob' });
  const chunks = [];
  let buffer = new ArrayBuffer(size);
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) return Buffer.concat(chunks);
    chunks.push(Buffer.from(value));
    buffer = value.buffer;
  }
}

for (const version of VERSIONS) {
  test(`messages of all sizes come back unchanged, in ${version}`, { timeout }, async (t) => {
    const { socket, peer } = await securePair(t, { server: only(version) });
    assert.equal(peer.raw.getProtocol(), version);
    peer.echo();
    const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
    const around = (size) => [size - 1, size, size + 1];
    const sizes = [1, 2, 3, 100, 1000, 4096, ...[RECORD, 2 * RECORD, 65536].flatMap(around), 200_000];
    for (const size of sizes) {
      const message = randomBytes(size);
      const [answer] = await Promise.all([take(reader, size), writer.write(message)]);
      assert.ok(answer.equals(message), `${size} bytes`);
    }
  });

  test(`20 MiB go both ways at the same time, in ${version}`, { timeout }, async (t) => {
    const { socket, peer } = await securePair(t, { allowHalfOpen: true, server: only(version) });
    const [up, down] = [randomBytes(20 * MEGABYTE), randomBytes(20 * MEGABYTE)];
    const sending = peer.send(down).then(() => peer.end());
    const receiving = peer.rest();
    const writing = (async () => {
      const writer = socket.writable.getWriter();
      // Sizes that have nothing to do with records.
      for (let at = 0; at < up.length; at += 77_777) await writer.write(up.subarray(at, at + 77_777));
      await writer.close();
    })();
    const received = createHash('sha256');
    for await (const chunk of socket.readable) received.update(chunk);
    assert.equal(received.digest('hex'), sha256(down));
    const { bytes, end } = await receiving;
    assert.equal(sha256(bytes), sha256(up));
    assert.equal(end, 'FIN');
    await Promise.all([sending, writing]);
    assert.equal(await socket.closed, undefined);
  });
}

for (const size of [1, 7, 100, RECORD - 1, RECORD + 1, 65536, 256 * 1024]) {
  test(`a BYOB reader with views of ${size} bytes gets everything`, { timeout }, async (t) => {
    const { socket, peer } = await securePair(t);
    // Some records are smaller than the views, others are larger.
    const message = randomBytes(size < 1000 ? 40_000 : MEGABYTE);
    const sending = (async () => {
      await peer.send(message.subarray(0, 10));
      await peer.send(message.subarray(10, 1000));
      await peer.send(message.subarray(1000));
      await peer.end();
    })();
    const received = await takeAllByob(socket.readable, size);
    assert.ok(received.equals(message));
    await sending;
    assert.equal(await socket.closed, undefined);
  });
}

test('the memory of a large view is all that a read into it takes', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  await peer.send('hello');
  const size = 256 * MEGABYTE;
  const before = process.memoryUsage.rss();
  const { value } = await reader.read(new Uint8Array(size));
  assert.equal(text({ value }), 'hello');
  assert.equal(value.buffer.byteLength, size);
  const growth = process.memoryUsage.rss() - before;
  // Nobody has touched the rest of the view either.
  assert.ok(growth < size / 4, `${growth} bytes`);
});

test('a BYOB read leaves alone what lies around the view', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  await peer.send('hello, world');
  const reader = socket.readable.getReader({ mode: 'byob' });
  const { value } = await reader.read(new Uint8Array(64).fill(0xee).subarray(7, 12));
  assert.equal(text({ value }), 'hello');
  assert.deepEqual([value.byteOffset, value.byteLength, value.buffer.byteLength], [7, 5, 64]);
  const around = new Uint8Array(value.buffer);
  assert.ok(around.subarray(0, 7).every((byte) => byte === 0xee));
  assert.ok(around.subarray(12).every((byte) => byte === 0xee));
  assert.equal(text(await reader.read(new Uint8Array(64))), ', world');
});

test('what one reader leaves of a record the next one gets, of either kind', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  await peer.send('hello, world');
  const byob = socket.readable.getReader({ mode: 'byob' });
  assert.equal(text(await byob.read(new Uint8Array(3))), 'hel');
  byob.releaseLock();
  const reader = socket.readable.getReader();
  assert.equal(text(await reader.read()), 'lo, world');
});

test('20,000 tiny writes arrive in order, awaited or not', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const receiving = peer.rest();
  const writer = socket.writable.getWriter();
  const words = Array.from({ length: 20_000 }, (_, i) => `${i};`);
  for (const [i, word] of words.entries()) {
    const write = writer.write(word);
    // Runs of both kinds.
    if (i % 100 < 50) await write;
  }
  await writer.close();
  const { bytes, end } = await receiving;
  assert.equal(`${bytes}`, words.join(''));
  assert.equal(end, 'FIN');
});

test('tiny records of the peer arrive in order', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const words = Array.from({ length: 5000 }, (_, i) => `${i};`);
  for (const word of words) peer.raw.write(word);
  const ending = peer.end();
  let received = '';
  for await (const value of socket.readable) received += text({ value });
  assert.equal(received, words.join(''));
  await ending;
});

test('a change of the buffer after the write has begun does not reach the peer', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const writer = socket.writable.getWriter();
  const chunk = new Uint8Array(100).fill(1);
  for (let i = 1; i <= 100; i++) {
    await writer.write(chunk);
    chunk.fill(i + 1);
  }
  const expected = Buffer.concat(Array.from({ length: 100 }, (_, i) => Buffer.alloc(100, i + 1)));
  assert.ok((await peer.take(10_000)).equals(expected));
});

test('a writer stalls with its peer, and memory stays bounded', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const writer = socket.writable.getWriter();
  const chunk = new Uint8Array(MEGABYTE);
  const before = process.memoryUsage().rss;
  let written = 0;
  const writing = (async () => {
    while (written < 128) {
      await writer.ready;
      await writer.write(chunk);
      written++;
    }
  })();
  let seen = -1;
  while (written !== seen) {
    seen = written;
    await turns(100);
  }
  assert.ok(written < 64, `${written} MB were written to a peer that reads nothing`);
  assert.equal(writer.desiredSize, 0);
  assert.equal(await isPending(writer.ready), true);
  const grown = (process.memoryUsage().rss - before) / MEGABYTE;
  assert.ok(grown < 100, `${grown} MB more memory`);
  await peer.take(128 * MEGABYTE);
  await writing;
});

test('a peer stalls with a reader that reads nothing', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const send = outcome(peer.send(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES, 'x')));
  const reader = socket.readable.getReader();
  await reader.read();
  await turns(100);
  assert.equal(await isPending(send), true);
  reader.releaseLock();
  peer.end();
  let received = 0;
  for await (const chunk of socket.readable) received += chunk.byteLength;
  assert.ok(received > MORE_THAN_THE_KERNEL_TAKES - 5 * MEGABYTE);
  assert.deepEqual(await send, { value: undefined });
});

test('a record that was changed on its way is never read', { timeout }, async (t) => {
  let isTampering = false;
  const down = (record) => {
    if (isTampering) record[record.length - 20] ^= 1;
    return record;
  };
  const { socket, peer } = await securePair(t, { wire: { down } });
  const reader = socket.readable.getReader();
  await peer.send('genuine');
  assert.equal(text(await reader.read()), 'genuine');
  isTampering = true;
  await peer.send('changed on its way');
  const error = await rejection(reader.read());
  assert.equal(error.code, 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
  assert.equal(await socket.closed, undefined);
});

for (const version of VERSIONS) {
  test(`a record that comes twice is read once, in ${version}`, { timeout }, async (t) => {
    let isReplaying = false;
    const down = (record) => (isReplaying ? Buffer.concat([record, record]) : record);
    const { socket, peer } = await securePair(t, { server: only(version), wire: { down } });
    const reader = socket.readable.getReader();
    await peer.send('first');
    assert.equal(text(await reader.read()), 'first');
    isReplaying = true;
    await peer.send('transfer 1000');
    const received = [];
    const error = await rejection(
      (async () => {
        for (;;) received.push(text(await reader.read()));
      })(),
    );
    assert.ok(error instanceof SocketError, `${error}`);
    assert.ok(received.length <= 1, `${received}`);
  });
}
