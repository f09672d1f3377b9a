import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, turns } from './helpers/settle.js';

const MEGABYTE = 1 << 20;
const MORE_THAN_THE_KERNEL_TAKES = 64 * MEGABYTE;

test('a write resolves without the peer having read it', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.equal(await socket.writable.getWriter().write('hello'), undefined);
});

test('a write waits while the peer takes nothing, and resolves when it does', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const write = outcome(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  await turns(100);
  assert.equal(await isPending(write), true);
  await peer.take(MORE_THAN_THE_KERNEL_TAKES);
  assert.deepEqual(await write, { value: undefined });
});

test(
  'a writer that awaits its writes stalls with its peer, and memory stays bounded',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    const chunk = new Uint8Array(MEGABYTE);
    let written = 0;
    const writing = (async () => {
      while (written < 256) {
        await writer.write(chunk);
        written++;
      }
    })();
    const before = process.memoryUsage().rss;
    let seen = -1;
    while (written !== seen) {
      seen = written;
      await turns(100);
    }
    assert.ok(written < 64, `${written} MB were written to a peer that reads nothing`);
    const grown = (process.memoryUsage().rss - before) / MEGABYTE;
    assert.ok(grown < 100, `${grown} MB more memory`);
    await peer.take(256 * MEGABYTE);
    await writing;
    assert.equal(written, 256);
  },
);

test('small writes that are awaited stall with the peer as well', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const chunk = new Uint8Array(1000);
  const total = 40_000;
  let written = 0;
  const writing = (async () => {
    for (; written < total; written++) await writer.write(chunk);
  })();
  let seen = -1;
  while (written !== seen) {
    seen = written;
    await turns(100);
  }
  assert.ok(written < total, 'everything was written to a peer that reads nothing');
  assert.equal((await peer.take(total * 1000)).length, total * 1000);
  await writing;
});

test('without a high-water mark one write is taken at a time', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  assert.equal(writer.desiredSize, 1);
  const write = writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES));
  await turns(2);
  assert.equal(writer.desiredSize, 0);
  const { ready } = writer;
  assert.equal(await isPending(ready), true);
  await peer.take(MORE_THAN_THE_KERNEL_TAKES);
  await write;
  await ready;
  assert.equal(writer.desiredSize, 1);
});

test('a high-water mark counts bytes, of strings those of UTF-8', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener, { highWaterMark: 100 });
  const writer = socket.writable.getWriter();
  assert.equal(writer.desiredSize, 100);
  const writes = [];
  // The socket is still connecting: everything waits.
  for (const [chunk, left] of [
    [new Uint8Array(10), 90],
    ['é', 88],
    [new Float64Array(2), 72],
    [new ArrayBuffer(2), 70],
    [new SharedArrayBuffer(3), 67],
    [new DataView(new ArrayBuffer(9), 2, 7), 60],
    ['', 60],
    [undefined, 60],
    [Buffer.alloc(59), 1],
    ['x', 0],
    ['more than that', -14],
  ]) {
    writes.push(writer.write(chunk));
    assert.equal(writer.desiredSize, left);
  }
  await writer.ready;
  await Promise.all(writes);
  assert.equal(writer.desiredSize, 100);
});

test('with a high-water mark a writer is ready until it is reached', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { highWaterMark: MORE_THAN_THE_KERNEL_TAKES + 10 });
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES))];
  await turns(2);
  assert.equal(writer.desiredSize, 10);
  assert.equal(await writer.ready, undefined);
  writes.push(writer.write(new Uint8Array(10)));
  assert.equal(writer.desiredSize, 0);
  const { ready } = writer;
  assert.equal(await isPending(ready), true);
  await peer.take(MORE_THAN_THE_KERNEL_TAKES + 10);
  await Promise.all(writes);
  await ready;
  assert.equal(writer.desiredSize, MORE_THAN_THE_KERNEL_TAKES + 10);
});

test('a high-water mark of 0 lets every write through all the same', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { highWaterMark: 0 });
  const writer = socket.writable.getWriter();
  assert.equal(writer.desiredSize, 0);
  assert.equal(await writer.write('hello'), undefined);
  assert.equal(`${await peer.take(5)}`, 'hello');
});

test('a writer that waits for ready is never stuck', { timeout }, async (t) => {
  const { socket, peer } = await pair(t, { highWaterMark: 100_000 });
  const writer = socket.writable.getWriter();
  const writing = (async () => {
    for (let i = 0; i < 200; i++) {
      await writer.ready;
      writer.write(new Uint8Array(100_000).fill(i));
    }
    await writer.close();
  })();
  const { bytes, end } = await peer.rest();
  await writing;
  assert.equal(end, 'FIN');
  assert.ok(bytes.equals(Buffer.concat(Array.from({ length: 200 }, (_, i) => Buffer.alloc(100_000, i)))));
});
