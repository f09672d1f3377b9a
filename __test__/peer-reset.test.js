import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';

const MORE_THAN_THE_KERNEL_TAKES = 64 << 20;
const text = ({ value }) => new TextDecoder().decode(value);

function assertConnectionLost(error) {
  assert.ok(error instanceof SocketError, `${error}`);
  assert.ok(['ECONNRESET', 'EPIPE'].includes(error.code), `${error.code}`);
}

test('a read that waits rejects with ECONNRESET', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const read = socket.readable.getReader().read();
  await isPending(read);
  await peer.reset();
  const error = await rejection(read);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(error.message, `SocketError: read from ${listener.address} failed: connection reset by peer`);
  assert.equal(error.cause.code, 'ECONNRESET');
  assert.equal(error.cause.syscall, 'read');
});

test(
  'the readable is errored: later reads and reader.closed reject with the same error',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const reader = socket.readable.getReader();
    const reads = [reader.read(), reader.read()].map(rejection);
    await peer.reset();
    const [error, second] = await Promise.all(reads);
    assert.equal(second, error);
    assert.equal(await rejection(reader.read()), error);
    assert.equal(await rejection(reader.closed), error);
  },
);

test('the writable is errored by a failed read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const closed = rejection(writer.closed);
  const read = rejection(socket.readable.getReader().read());
  await peer.reset();
  assert.equal(await closed, await read);
  assert.equal(await rejection(writer.write('late')), await read);
});

test('a writable that is first looked at after a failed read is errored too', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = rejection(socket.readable.getReader().read());
  await peer.reset();
  assert.equal(await rejection(socket.writable.getWriter().write('late')), await read);
});

for (const allowHalfOpen of [false, true]) {
  test(
    `closed resolves, and the descriptor is released, with allowHalfOpen ${allowHalfOpen}`,
    { timeout },
    async (t) => {
      const { socket, peer, listener } = await pair(t, { allowHalfOpen });
      const read = outcome(socket.readable.getReader().read());
      await peer.reset();
      assert.equal(await socket.closed, undefined);
      assert.equal(descriptorsTo(listener.port, 0), 0);
      assert.equal((await read).error.code, 'ECONNRESET');
    },
  );
}

test('a BYOB read that waits rejects', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = rejection(socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(16)));
  await peer.reset();
  assert.equal((await read).code, 'ECONNRESET');
  assert.equal(await socket.closed, undefined);
});

test('for await throws', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const iteration = rejection(
    (async () => {
      for await (const chunk of socket.readable) assert.fail(`got ${chunk}`);
    })(),
  );
  await peer.reset();
  assert.equal((await iteration).code, 'ECONNRESET');
});

test('pipeTo rejects, and aborts its destination', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  let reason;
  const piping = rejection(
    socket.readable.pipeTo(new WritableStream({ abort: (why) => void (reason = why) })),
  );
  await peer.reset();
  const error = await piping;
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(reason, error);
});

test('a write that waits rejects, and so does everything behind it', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const writer = socket.writable.getWriter();
  const waiting = [
    writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)),
    writer.write('behind it'),
    writer.close(),
    writer.closed,
  ].map(rejection);
  assert.equal(await isPending(waiting[0]), true);
  await peer.reset();
  const [error, ...others] = await Promise.all(waiting);
  assertConnectionLost(error);
  assert.ok(error.message.startsWith(`SocketError: write to ${listener.address} failed: `), error.message);
  for (const other of others) assert.equal(other, error);
  assert.equal(await socket.closed, undefined);
  assert.equal(descriptorsTo(listener.port, 0), 0);
  assertConnectionLost(await rejection(socket.readable.getReader().read()));
});

test('a read and a write that wait both reject', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = rejection(socket.readable.getReader().read());
  const write = rejection(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  assert.equal(await isPending(write), true);
  await peer.reset();
  assertConnectionLost(await read);
  assertConnectionLost(await write);
  assert.equal(await socket.closed, undefined);
});

test('a reset of an idle socket shows when it is read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.reset();
  await turns(5);
  assert.equal((await rejection(socket.readable.getReader().read())).code, 'ECONNRESET');
  assert.equal(await socket.closed, undefined);
});

test('a reset of an idle socket shows when it is written to', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.reset();
  await turns(5);
  const writer = socket.writable.getWriter();
  const error = await rejection(writer.write('hello?'));
  assertConnectionLost(error);
  assert.equal(await rejection(writer.closed), error);
  assert.equal(await socket.closed, undefined);
  assertConnectionLost(await rejection(socket.readable.getReader().read()));
});

test('a reset of an idle socket shows when its writer is closed', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.reset();
  await turns(5);
  assert.ok((await rejection(socket.writable.close())) instanceof SocketError);
  assert.equal(await socket.closed, undefined);
});

test('close() after a reset that nobody has seen resolves', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  await peer.reset();
  await turns(5);
  assert.equal(await socket.close(), undefined);
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('close() after a reset that was seen resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = outcome(socket.readable.getReader().read());
  await peer.reset();
  await read;
  assert.equal(socket.close(), socket.closed);
  assert.equal(await socket.closed, undefined);
});

test('a reset during a close that waits for the peer ends it: closed resolves', { timeout }, async (t) => {
  const { socket, peer, listener } = await pair(t);
  const write = rejection(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  const closed = socket.close();
  assert.equal(await isPending(closed), true);
  await peer.reset();
  assert.equal(await closed, undefined);
  assertConnectionLost(await write);
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('what arrived before the reset is still read, then the read rejects', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('last words');
  await peer.reset();
  await turns(5);
  const reader = socket.readable.getReader();
  assert.equal(text(await reader.read()), 'last words');
  assert.equal((await rejection(reader.read())).code, 'ECONNRESET');
  assert.equal(await socket.closed, undefined);
});

test('what arrived before the reset is still read after a write has met it', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('last words');
  await peer.reset();
  await turns(5);
  assertConnectionLost(await rejection(socket.writable.getWriter().write('hello?')));
  assert.equal(await isPending(socket.closed), true);
  const reader = socket.readable.getReader();
  assert.equal(text(await reader.read()), 'last words');
  assertConnectionLost(await rejection(reader.read()));
  assert.equal(await socket.closed, undefined);
});

test(
  'closed resolves when what arrived before a reset is cancelled after a write has met it',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    await peer.send('last words');
    await peer.reset();
    await turns(5);
    assertConnectionLost(await rejection(socket.writable.getWriter().write('hello?')));
    await socket.readable.cancel();
    assert.equal(await socket.closed, undefined);
  },
);

test(
  'a read that waits gets what comes together with the reset, beside a write that waits',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const reader = socket.readable.getReader();
    const read = reader.read();
    const write = rejection(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
    assert.equal(await isPending(write), true);
    // Both in one turn, so that the socket sees them as one event.
    peer.raw.write('last words');
    await peer.reset();
    assertConnectionLost(await write);
    assert.equal(text(await read), 'last words');
    assertConnectionLost(await rejection(reader.read()));
    assert.equal(await socket.closed, undefined);
  },
);

test('a write that waits fails while what arrived before is unread', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('last words');
  const write = rejection(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  assert.equal(await isPending(write), true);
  await peer.reset();
  assertConnectionLost(await write);
  const reader = socket.readable.getReader();
  assert.equal(text(await reader.read()), 'last words');
  assertConnectionLost(await rejection(reader.read()));
  assert.equal(await socket.closed, undefined);
});

test('a failure of gathered writes errors the writable although no write follows', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  // To a peer that is gone the first write is taken, and answered by a reset; the others are gathered.
  peer.raw.destroy();
  await peer.closed;
  await turns(5);
  const writer = socket.writable.getWriter();
  const closed = rejection(writer.closed);
  const writes = ['first', 'second', 'third'].map((data) => outcome(writer.write(data)));
  assertConnectionLost(await closed);
  await Promise.all(writes);
  assertConnectionLost(await rejection(writer.write('fourth')));
});

test('a peer that resets as soon as it has accepted fails opened or the read', { timeout }, async (t) => {
  const listener = await listen(t);
  for (let round = 0; round < 20; round++) {
    const socket = connectTo(t, listener);
    const read = outcome(socket.readable.getReader().read());
    const peer = await listener.accept();
    peer.raw.resetAndDestroy();
    const opened = await outcome(socket.opened);
    if ('value' in opened) {
      assertConnectionLost((await read).error);
      assert.equal(await socket.closed, undefined);
    } else {
      assertConnectionLost(opened.error);
      assert.deepEqual(await read, { value: { value: undefined, done: true } });
      assert.deepEqual(await outcome(socket.closed), opened);
    }
  }
});

test(
  'a reset after the end of the readable errors the writable of a half-open socket',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t, { allowHalfOpen: true });
    await peer.end();
    assert.equal((await socket.readable.getReader().read()).done, true);
    const writer = socket.writable.getWriter();
    const write = rejection(writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
    assert.equal(await isPending(write), true);
    await peer.reset();
    const error = await write;
    assertConnectionLost(error);
    assert.equal(await rejection(writer.closed), error);
    assert.equal(await socket.closed, undefined);
  },
);

test('a reset after cancel() shows in the writable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await socket.readable.cancel();
  const write = rejection(socket.writable.getWriter().write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  assert.equal(await isPending(write), true);
  await peer.reset();
  assertConnectionLost(await write);
  assert.equal(await socket.closed, undefined);
});

test('a reset after the writer was closed fails the read, and closed resolves', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  await writer.write('request');
  await writer.close();
  const read = rejection(socket.readable.getReader().read());
  assert.equal(await peer.text(), 'request FIN');
  await peer.reset();
  assert.equal((await read).code, 'ECONNRESET');
  assert.equal(await socket.closed, undefined);
  assert.equal(await writer.closed, undefined);
});
