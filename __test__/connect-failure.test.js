import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo } from './helpers/descriptors.js';
import { run } from './helpers/child.js';
import { listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { outcome, rejection } from './helpers/settle.js';

const DONE = { value: undefined, done: true };

/** A socket whose connection will be refused, and its address. */
async function refused(t, options) {
  const port = await refusedPort(t);
  return { socket: connect(`127.0.0.1:${port}`, options), address: `127.0.0.1:${port}`, port };
}

test(
  'opened rejects with a SocketError that names the endpoint and the cause in words',
  { timeout },
  async (t) => {
    const { socket, address } = await refused(t);
    const error = await rejection(socket.opened);
    assert.ok(error instanceof SocketError);
    assert.ok(error instanceof TypeError);
    assert.equal(error.name, 'TypeError');
    assert.equal(error.message, `SocketError: connect ${address} failed: connection refused`);
    assert.equal(error.code, 'ECONNREFUSED');
  },
);

test('the cause is the error that node:net gives', { timeout }, async (t) => {
  const { socket, port } = await refused(t);
  const { cause } = await rejection(socket.opened);
  assert.ok(cause instanceof Error);
  assert.equal(cause.message, `connect ECONNREFUSED 127.0.0.1:${port}`);
  const { code, syscall, address, errno } = cause;
  assert.deepEqual(
    { code, syscall, address },
    { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1' },
  );
  assert.equal(cause.port, port);
  assert.ok(errno < 0);
});

test('one address means no list of errors', { timeout }, async (t) => {
  const { socket } = await refused(t);
  assert.equal((await rejection(socket.opened)).errors, undefined);
});

test('closed rejects with the same error, after opened', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const order = [];
  const opened = rejection(socket.opened).finally(() => order.push('opened'));
  const closed = rejection(socket.closed).finally(() => order.push('closed'));
  assert.equal(await closed, await opened);
  assert.deepEqual(order, ['opened', 'closed']);
});

test('opened and closed that are first looked at afterwards have rejected too', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const error = await rejection(socket.closed);
  assert.equal(await rejection(socket.opened), error);
  assert.equal(await rejection(socket.closed), error);
});

test('close() afterwards returns closed, which stays rejected', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const error = await rejection(socket.opened);
  const { closed } = socket;
  assert.equal(socket.close(), closed);
  assert.equal(socket.close(new Error('again')), closed);
  assert.equal(await rejection(closed), error);
});

test('reads that wait are done, and so are later ones', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const reader = socket.readable.getReader();
  const reads = [reader.read(), reader.read()];
  for (const read of reads) assert.deepEqual(await read, DONE);
  assert.equal(await reader.closed, undefined);
  assert.deepEqual(await reader.read(), DONE);
});

test('a BYOB read that waits gets its buffer back, empty', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const { value, done } = await socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(16));
  assert.equal(done, true);
  assert.deepEqual([value.byteLength, value.buffer.byteLength], [0, 16]);
});

test('for await ends, and a pipe is complete', { timeout }, async (t) => {
  const first = await refused(t);
  for await (const chunk of first.socket.readable) assert.fail(`got ${chunk}`);
  const second = await refused(t);
  assert.equal(await second.socket.readable.pipeTo(new WritableStream()), undefined);
});

test('writes that wait reject with the error, and so does all that follows', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const writer = socket.writable.getWriter();
  const waiting = [writer.write('one'), writer.write('two'), writer.close(), writer.closed].map(outcome);
  const error = await rejection(socket.opened);
  for (const result of await Promise.all(waiting)) assert.deepEqual(result, { error });
  assert.equal(await rejection(writer.write('late')), error);
  assert.equal(await rejection(writer.ready), error);
});

test(
  'a pipe into the writable rejects with the error, and cancels its source with it',
  { timeout },
  async (t) => {
    const { socket } = await refused(t);
    let reason;
    const source = new ReadableStream({
      pull: (controller) => controller.enqueue('data'),
      cancel: (why) => void (reason = why),
    });
    const error = await rejection(source.pipeTo(socket.writable));
    assert.equal(error, await rejection(socket.opened));
    assert.equal(reason, error);
  },
);

test('streams that are first looked at afterwards behave the same', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const error = await rejection(socket.opened);
  const reader = socket.readable.getReader();
  assert.deepEqual(await reader.read(), DONE);
  assert.equal(await reader.closed, undefined);
  const writer = socket.writable.getWriter();
  assert.equal(await rejection(writer.write('late')), error);
  assert.equal(await rejection(writer.closed), error);
});

test('the getters give the same objects before and after', { timeout }, async (t) => {
  const { socket } = await refused(t);
  const { readable, writable, opened, closed } = socket;
  await rejection(opened);
  assert.equal(socket.readable, readable);
  assert.equal(socket.writable, writable);
  assert.equal(socket.opened, opened);
  assert.equal(socket.closed, closed);
});

test('no descriptor is left', { timeout }, async (t) => {
  const { socket, port } = await refused(t);
  await rejection(socket.closed);
  assert.equal(descriptorsTo(port, 0), 0);
});

test('the failure is never thrown by connect() itself', { timeout }, async () => {
  // Addresses that fail at once, in the very system call.
  for (const address of ['127.0.0.1:0', '[::1]:0', '255.255.255.255:80', '[ff02::1]:80']) {
    const error = await rejection(connect(address).opened);
    assert.ok(error instanceof SocketError, address);
    assert.match(error.code, /^E[A-Z]+$/, address);
    assert.ok(error.message.startsWith(`SocketError: connect ${address} failed: `), error.message);
  }
});

test('a socket that is refused on ::1 says so', { timeout }, async (t) => {
  const port = await refusedPort(t, '::1');
  const error = await rejection(connect({ hostname: '::1', port }).opened);
  assert.equal(error.message, `SocketError: connect [::1]:${port} failed: connection refused`);
  assert.equal(error.cause.message, `connect ECONNREFUSED ::1:${port}`);
});

test('half-open and a high-water mark change nothing', { timeout }, async (t) => {
  const { socket } = await refused(t, { allowHalfOpen: true, highWaterMark: 1024 });
  const writer = socket.writable.getWriter();
  const writes = ['one', 'two', 'three'].map((data) => outcome(writer.write(data)));
  const error = await rejection(socket.opened);
  assert.equal(await rejection(socket.closed), error);
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { error });
});

test('a process without descriptors left fails with EMFILE, and recovers', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address, name) => {
    // So that nothing has to be loaded when no descriptor is left.
    await connect(name).opened.then(() => {});
    const sockets = [];
    let failed;
    while (failed === undefined) {
      const socket = connect(address);
      await socket.opened.then(
        () => sockets.push(socket),
        (error) => (failed = error),
      );
    }
    const byName = await connect(name).opened.catch((error) => error);
    console.log(sockets.length > 5, failed.code, failed.message);
    console.log(byName instanceof Error, byName.message.startsWith(`SocketError: connect ${name} failed: `));
    await Promise.all(sockets.map((socket) => socket.close()));
    const again = connect(address);
    await again.opened;
    await again.close();
    console.log('recovered');
    process.exit(0);
  };
  const prefix = process.platform === 'win32' ? [] : ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh'];
  const name = `localhost:${listener.port}`;
  const { stdout, stderr } = await run(t, main, { prefix, args: [listener.address, name] });
  assert.deepEqual(
    { stdout, stderr },
    {
      stdout:
        `true EMFILE SocketError: connect ${listener.address} failed: too many open files in this process\n` +
        'true true\nrecovered\n',
      stderr: '',
    },
  );
});
