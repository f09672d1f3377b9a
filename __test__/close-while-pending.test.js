import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { fullBacklog } from './helpers/backlog.js';
import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { descriptorsReach, descriptorsTo } from './helpers/descriptors.js';
import { listen } from './helpers/peer.js';
import { isPending, outcome, rejection } from './helpers/settle.js';

test('a connect to a full backlog hangs, and goes on when the listener accepts', { timeout }, async (t) => {
  const backlog = await fullBacklog(t);
  const socket = connect(backlog.address);
  t.after(() => socket.close());
  assert.equal(await isPending(socket.opened), true);
  assert.equal(await isPending(socket.closed), true);
  backlog.open();
  const info = await socket.opened;
  assert.equal(info.remoteAddress, backlog.address);
});

test('opened rejects with a SocketError that says that it was closed before', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const socket = connect(address);
  const { opened } = socket;
  await socket.close();
  const error = await rejection(opened);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  assert.equal(error.message, `SocketError: connect ${address}: the socket was closed before it opened`);
});

test('opened rejects with the reason, whatever it is', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  for (const reason of [new Error('changed my mind'), 'a string', null, 0, false, Symbol('reason')]) {
    const socket = connect(address);
    await socket.close(reason);
    assert.deepEqual(await outcome(socket.opened), { error: reason });
  }
});

test('closed resolves, with undefined, and is what close() returns', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  for (const reason of [undefined, new Error('changed my mind')]) {
    const socket = connect(address);
    const { closed } = socket;
    assert.equal(socket.close(reason), closed);
    assert.equal(socket.closed, closed);
    assert.deepEqual(await outcome(closed), { value: undefined });
  }
});

test('a second close() changes nothing', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const socket = connect(address);
  const first = new Error('first');
  const closed = socket.close(first);
  assert.equal(socket.close(new Error('second')), closed);
  await closed;
  assert.equal(socket.close(new Error('third')), closed);
  assert.equal(await rejection(socket.opened), first);
});

test('a read that waits is done', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const socket = connect(address);
  const reader = socket.readable.getReader();
  const reads = [reader.read(), reader.read()];
  socket.close(new Error('changed my mind'));
  for (const read of reads) assert.deepEqual(await read, { value: undefined, done: true });
  assert.equal(await reader.closed, undefined);
});

test('a BYOB read that waits gets its buffer back, empty', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const socket = connect(address);
  const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(16));
  socket.close();
  const { value, done } = await read;
  assert.equal(done, true);
  assert.equal(value.byteLength, 0);
  assert.equal(value.buffer.byteLength, 16);
});

test('for await ends', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const socket = connect(address);
  const iteration = (async () => {
    for await (const chunk of socket.readable) assert.fail(`got ${chunk}`);
  })();
  socket.close();
  await iteration;
});

for (const [title, reason] of [
  ['the SocketError of opened', undefined],
  ['the reason', new Error('changed my mind')],
]) {
  test(`writes that wait reject with ${title}`, { timeout }, async (t) => {
    const { address } = await fullBacklog(t);
    const socket = connect(address);
    const writer = socket.writable.getWriter();
    const waiting = [writer.write('one'), writer.write('two'), writer.close(), writer.closed];
    const outcomes = Promise.all(waiting.map(outcome));
    await socket.close(reason);
    const error = await rejection(socket.opened);
    if (reason !== undefined) assert.equal(error, reason);
    for (const result of await outcomes) assert.deepEqual(result, { error });
  });
}

test('streams that are first looked at afterwards have ended too', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const reason = new Error('changed my mind');
  const socket = connect(address);
  await socket.close(reason);
  assert.deepEqual(await socket.readable.getReader().read(), { value: undefined, done: true });
  const writer = socket.writable.getWriter();
  assert.equal(await rejection(writer.closed), reason);
  assert.equal(await rejection(writer.write('late')), reason);
});

test(
  'close() in the same turn as connect() means that the peer never hears of it',
  { timeout },
  async (t) => {
    const listener = await listen(t);
    const socket = connect(listener.address);
    const write = outcome(socket.writable.getWriter().write('never sent'));
    await socket.close();
    assert.equal((await rejection(socket.opened)).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
    assert.ok('error' in (await write));
    // The kernel may have connected already; then the connection ends without a byte.
    const second = connect(listener.address);
    const peers = [await listener.accept()];
    await second.opened;
    if (listener.count > 1) peers.push(await listener.accept());
    second.close();
    for (const peer of peers) assert.equal((await peer.rest()).bytes.length, 0);
  },
);

test('the descriptor is released when closed resolves', { timeout }, async (t) => {
  const { address, port } = await fullBacklog(t);
  const fillers = descriptorsTo(port, 0);
  const sockets = Array.from({ length: 20 }, () => connect(address));
  // Another thread may have to make them first.
  await descriptorsReach(port, fillers + 20);
  for (const socket of sockets) {
    socket.readable.getReader().read();
    socket.close();
  }
  await Promise.all(sockets.map((socket) => socket.closed));
  // A connect on another thread is stopped there, a moment later.
  if (process.env.WINTER_SOCKETS_REACTOR === 'tokio') await descriptorsReach(port, fillers);
  else assert.equal(descriptorsTo(port, fillers), fillers);
});

test('a name that is still being resolved can be closed', { timeout }, async () => {
  for (const [reason, code] of [
    [undefined, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION'],
    [Object.assign(new Error('changed my mind'), { code: 'MINE' }), 'MINE'],
  ]) {
    const socket = connect('nothing.invalid:80');
    const read = socket.readable.getReader().read();
    const write = outcome(socket.writable.getWriter().write('never sent'));
    assert.equal(await socket.close(reason), undefined);
    assert.equal((await rejection(socket.opened)).code, code);
    assert.deepEqual(await read, { value: undefined, done: true });
    assert.equal((await write).error.code, code);
  }
});

test('a name that connects after the close leaves no connection behind', { timeout }, async (t) => {
  const listener = await listen(t);
  for (let round = 0; round < 50; round++) {
    const socket = connect(`localhost:${listener.port}`);
    // At different points of the resolution and of the connect.
    for (let turn = 0; turn < round % 5; turn++) await new Promise(setImmediate);
    await socket.close();
  }
  // The last of what was under way has come and gone when a later one is connected.
  const last = connect(`localhost:${listener.port}`);
  await last.opened;
  await last.close();
  // The peers' ends are connected to the ports of the clients, not to this one.
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('the process can exit, with nothing left to wait for', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const { code, stdout, stderr } = await run(
    t,
    async ({ connect }, addresses) => {
      const sockets = addresses.map((target) => connect(target));
      await new Promise(setImmediate);
      const began = performance.now();
      for (const socket of sockets) socket.close();
      process.on('exit', () => console.log(performance.now() - began < 5000 ? 'at once' : 'late'));
    },
    { args: [[address, 'nothing.invalid:80', 'localhost:1']] },
  );
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'at once\n', stderr: '' });
});
