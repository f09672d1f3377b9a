// The user gives up both sides without `close()`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { descriptorsTo, released } from './helpers/descriptors.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome } from './helpers/settle.js';

const DONE = { value: undefined, done: true };

for (const [title, giveUp] of [
  [
    'cancel() and then writer.close()',
    async (socket) => {
      await socket.readable.cancel();
      await socket.writable.close();
    },
  ],
  [
    'writer.close() and then cancel()',
    async (socket) => {
      await socket.writable.close();
      await socket.readable.cancel();
    },
  ],
  [
    'both at once, with a reason',
    async (socket) => {
      await Promise.all([socket.readable.cancel(new Error('enough')), socket.writable.close()]);
    },
  ],
]) {
  test(
    `${title}: the descriptor is released, the peer sees FIN, closed stays pending`,
    { timeout },
    async (t) => {
      const { socket, peer, listener } = await pair(t);
      await giveUp(socket);
      assert.equal(await peer.text(), ' FIN');
      await released(listener.port);
      assert.equal(await isPending(socket.closed), true);
    },
  );
}

test('bytes that were never read do not turn the FIN into a RST', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('unread');
  const writer = socket.writable.getWriter();
  await writer.write('goodbye');
  await socket.readable.cancel();
  await writer.close();
  assert.equal(await peer.text(), 'goodbye FIN');
});

test('close() afterwards resolves closed', { timeout }, async (t) => {
  const { socket } = await pair(t);
  await socket.readable.cancel();
  await socket.writable.close();
  const { closed } = socket;
  assert.equal(socket.close(), closed);
  assert.equal(await closed, undefined);
});

test('large writes are delivered before the FIN', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(8 << 20)), writer.close()].map(outcome);
  await socket.readable.cancel();
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [8 << 20, 'FIN']);
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  await released(listener.port);
  assert.equal(await isPending(socket.closed), true);
});

test('close() while large writes are on their way resolves closed all the same', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(8 << 20)), writer.close()].map(outcome);
  await socket.readable.cancel();
  const closed = socket.close();
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [8 << 20, 'FIN']);
  assert.equal(await closed, undefined);
  assert.equal(descriptorsTo(listener.port, 0), 0);
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
});

test(
  'a peer that reads slowly and still sends gets everything, and closed stays pending',
  { timeout },
  async (t) => {
    const { socket, peer, listener } = await pair(t);
    const writer = socket.writable.getWriter();
    const writes = [writer.write(new Uint8Array(8 << 20)), writer.close()].map(outcome);
    await socket.readable.cancel();
    for (let taken = 0; taken < 8 << 20; taken += 1 << 18) {
      await peer.take(1 << 18);
      await peer.send('x').catch(() => {});
    }
    for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
    await released(listener.port);
    assert.equal(await isPending(socket.closed), true);
  },
);

test('cancel() alone ends the reads that wait, and leaves the writable usable', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const reader = socket.readable.getReader();
  const read = reader.read();
  await reader.cancel();
  assert.deepEqual(await read, DONE);
  assert.deepEqual(await reader.read(), DONE);
  await socket.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
  assert.equal(await isPending(socket.closed), true);
  assert.equal(descriptorsTo(listener.port, 1), 1);
});

test('cancel() ends a BYOB read that waits', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const read = reader.read(new Uint8Array(16));
  await reader.cancel();
  assert.deepEqual(await read, DONE);
});

test('breaking out of a for await cancels the readable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('one');
  for await (const chunk of socket.readable) {
    assert.equal(new TextDecoder().decode(chunk), 'one');
    break;
  }
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  await socket.writable.close();
  assert.equal(await peer.text(), ' FIN');
  assert.equal(await isPending(socket.closed), true);
});

test('cancel() while the socket is connecting leaves the writable usable', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  assert.equal(await socket.readable.cancel(), undefined);
  assert.equal((await socket.opened).remoteAddress, listener.address);
  await socket.writable.getWriter().write('hello');
  const peer = await listener.accept();
  assert.equal(`${await peer.take(5)}`, 'hello');
});

test(
  'both while the socket is connecting: it connects, sends what was written, and ends',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const socket = connectTo(t, listener);
    const writer = socket.writable.getWriter();
    const asked = [socket.readable.cancel(), writer.write('hello'), writer.close()];
    await socket.opened;
    await Promise.all(asked);
    const peer = await listener.accept();
    assert.equal(await peer.text(), 'hello FIN');
    await released(listener.port);
    assert.equal(await isPending(socket.closed), true);
  },
);

test('the process exits although closed is pending', { timeout }, async (t) => {
  const listener = await listen(t);
  const child = run(
    t,
    async ({ connect }, address) => {
      const socket = connect(address);
      socket.closed.then(() => console.log('closed'));
      await socket.opened;
      await socket.readable.cancel();
      await socket.writable.close();
      console.log('given up');
    },
    { args: [listener.address] },
  );
  const peer = await listener.accept();
  assert.equal(await peer.text(), ' FIN');
  assert.deepEqual(await child, { code: 0, signal: null, stdout: 'given up\n', stderr: '' });
});
