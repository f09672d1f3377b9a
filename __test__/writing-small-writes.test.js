// Small writes are gathered, and leave before anybody can notice.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { connect } from '../index.js';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen, pair } from './helpers/peer.js';
import { outcome } from './helpers/settle.js';

const count = (total) => Array.from({ length: total }, (_, i) => `${i};`).join('');

/**
 * A peer with a thread of its own, so that it receives while this one is asleep.
 *
 * `waitFor` sends this thread to sleep until the peer has received so many bytes, and no more; false if they never come.
 */
async function peerInThread(t) {
  const received = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData: received } = require('node:worker_threads');
     const server = require('node:net').createServer((connection) => {
       connection.on('error', () => {});
       connection.on('data', (data) => {
         Atomics.add(received, 0, data.length);
         Atomics.notify(received, 0);
       });
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: received },
  );
  t.after(() => worker.terminate());
  const [port] = await once(worker, 'message');
  const waitForAtLeast = (bytes) => {
    for (let seen = Atomics.load(received, 0); seen < bytes; seen = Atomics.load(received, 0)) {
      if (Atomics.wait(received, 0, seen, 10_000) === 'timed-out') return false;
    }
    return true;
  };
  const waitFor = (bytes) => waitForAtLeast(bytes) && Atomics.load(received, 0) === bytes;
  return { address: `127.0.0.1:${port}`, waitFor, waitForAtLeast };
}

/** How many segments with data a connection has sent; `undefined` where nothing tells. */
function segmentsSentTo(port) {
  const { stdout, status } = spawnSync('ss', ['-tinH', 'dport', '=', `:${port}`], { encoding: 'utf8' });
  const match = status === 0 ? /data_segs_out:(\d+)/.exec(stdout) : null;
  return match === null ? undefined : Number(match[1]);
}

test('many writes that nobody awaited arrive in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = Array.from({ length: 10_000 }, (_, i) => writer.write(`${i};`));
  const expected = count(10_000);
  assert.equal(`${await peer.take(expected.length)}`, expected);
  for (const result of await Promise.all(writes.map(outcome))) assert.deepEqual(result, { value: undefined });
});

test('many writes that were awaited arrive in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  for (let i = 0; i < 10_000; i++) await writer.write(`${i};`);
  const expected = count(10_000);
  assert.equal(`${await peer.take(expected.length)}`, expected);
});

for (const isAwaited of [false, true]) {
  test(
    `a thousand small writes leave as a few segments, ${isAwaited ? '' : 'not '}awaited`,
    { timeout },
    async (t) => {
      const { socket, peer, listener } = await pair(t);
      const writer = socket.writable.getWriter();
      await writer.write('');
      for (let i = 0; i < 1000; i++) {
        const write = writer.write('0123456789');
        if (isAwaited) await write;
      }
      const received = await peer.take(10_000);
      assert.equal(`${received}`, '0123456789'.repeat(1000));
      const segments = segmentsSentTo(listener.port);
      if (segments !== undefined) assert.ok(segments >= 1 && segments < 200, `${segments} segments`);
    },
  );
}

test('small and large writes in turn arrive in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc((i * 7919) % 40_000, i));
  const writes = chunks.map((chunk) => outcome(writer.write(chunk)));
  const closing = outcome(writer.close());
  const { bytes, end } = await peer.rest();
  assert.ok(bytes.equals(Buffer.concat(chunks)));
  assert.equal(end, 'FIN');
  for (const result of await Promise.all([...writes, closing]))
    assert.deepEqual(result, { value: undefined });
});

test('the first write of a turn leaves at once', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  await socket.opened;
  await new Promise(setImmediate);
  writer.write('one');
  assert.equal(waitFor(3), true);
});

test('a write leaves in its own turn, each time', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  await socket.opened;
  for (let i = 1; i <= 20; i++) {
    await new Promise(setImmediate);
    writer.write('x');
    assert.equal(await new Promise((resolve) => setImmediate(() => resolve(waitFor(i)))), true);
  }
});

test('gathered writes leave before the event loop goes on', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  await socket.opened;
  await new Promise(setImmediate);
  writer.write('one');
  await writer.write('two');
  await writer.write('three');
  // From here nothing runs but microtasks, ticks, and then this.
  const hasArrived = await new Promise((resolve) => setImmediate(() => resolve(waitFor(11))));
  assert.equal(hasArrived, true);
});

test('gathered writes leave before a read waits for the answer', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader();
  await socket.opened;
  await new Promise(setImmediate);
  writer.write('one');
  await writer.write('two');
  await writer.write('three');
  reader.read();
  assert.equal(waitFor(11), true);
});

test('gathered writes leave before a BYOB read waits for the answer', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  const reader = socket.readable.getReader({ mode: 'byob' });
  await socket.opened;
  await new Promise(setImmediate);
  writer.write('one');
  await writer.write('two');
  reader.read(new Uint8Array(10));
  assert.equal(waitFor(6), true);
});

test('gathered writes leave with close()', { timeout }, async (t) => {
  const { address, waitFor } = await peerInThread(t);
  const socket = connect(address);
  const writer = socket.writable.getWriter();
  await socket.opened;
  await new Promise(setImmediate);
  writer.write('one');
  await writer.write('two');
  socket.close();
  assert.equal(waitFor(6), true);
});

test('no more than 64 KiB are held back, however many writes come in one turn', { timeout }, async (t) => {
  const { address, waitForAtLeast } = await peerInThread(t);
  const socket = connect(address);
  t.after(() => socket.close());
  const writer = socket.writable.getWriter();
  await socket.opened;
  await new Promise(setImmediate);
  for (let i = 0; i < 10; i++) await writer.write(new Uint8Array(10_000));
  assert.equal(waitForAtLeast(100_000 - 65_536), true);
});

test('gathered writes leave although the process then calls process.exit()', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    await socket.opened;
    await new Promise(setImmediate);
    writer.write('one,');
    await writer.write('two,');
    writer.write('three');
    process.exit(3);
  };
  const child = run(t, main, { args: [listener.address] });
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'one,two,three FIN');
  assert.equal((await child).code, 3);
});

test('gathered writes leave although the process ends with an exception', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    await socket.opened;
    await new Promise(setImmediate);
    writer.write('one,');
    await writer.write('two');
    throw new Error('on purpose');
  };
  const child = run(t, main, { args: [listener.address] });
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'one,two FIN');
  assert.equal((await child).code, 1);
});

test('gathered writes leave although the process has nothing else to wait for', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    await socket.opened;
    await new Promise(setImmediate);
    socket.unref();
    writer.write('one,');
    writer.write('two');
  };
  const child = run(t, main, { args: [listener.address] });
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'one,two FIN');
  assert.equal((await child).code, 0);
});

test('gathered writes of many sockets all leave', { timeout }, async (t) => {
  const pairs = await Promise.all(Array.from({ length: 20 }, () => pair(t)));
  for (let i = 0; i < 100; i++) {
    for (const { socket } of pairs) {
      const writer = socket.writable.getWriter();
      writer.write(`${i};`);
      writer.releaseLock();
    }
  }
  for (const { peer } of pairs) assert.equal(`${await peer.take(count(100).length)}`, count(100));
});
