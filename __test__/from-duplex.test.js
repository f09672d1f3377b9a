// A Duplex as a socket.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { test } from 'node:test';

import { Socket, SocketError, connect, fromDuplex, toDuplex } from '../index.js';
import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { isPending, outcome } from './helpers/settle.js';

const MIB = 1 << 20;
const DONE = { value: undefined, done: true };

/** A socket over a `net.Socket`, and its peer. */
async function openSocket(t, options) {
  const listener = await listen(t);
  const duplex = net.connect(listener.port, listener.host);
  const socket = fromDuplex(duplex, options);
  t.after(() => duplex.destroy());
  const [peer] = await Promise.all([listener.accept(), socket.opened]);
  return { socket, duplex, peer, listener };
}

/** Two ends, without a network. */
function duplexPair() {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return [Duplex.from({ readable: back, writable: there }), Duplex.from({ readable: there, writable: back })];
}

test('it is a Socket, and tells the addresses of the duplex', { timeout }, async (t) => {
  const { socket, duplex, listener } = await openSocket(t);
  assert.ok(socket instanceof Socket);
  assert.deepEqual([socket.secureTransport, socket.upgraded], ['off', false]);
  assert.deepEqual(await socket.opened, {
    remoteAddress: listener.address,
    localAddress: `127.0.0.1:${duplex.localPort}`,
    alpn: null,
    resolvedAddress: listener.address,
  });
});

test('the address that is given is the remote address', { timeout }, async (t) => {
  const { socket, listener } = await openSocket(t, { address: { hostname: 'db.winter.test', port: 5432 } });
  const { remoteAddress, resolvedAddress } = await socket.opened;
  assert.deepEqual([remoteAddress, resolvedAddress], ['db.winter.test:5432', listener.address]);
});

test('a duplex without addresses is open at once', { timeout }, async () => {
  const [duplex, other] = duplexPair();
  // What its half is destroyed with.
  other.on('error', () => {});
  const socket = fromDuplex(duplex);
  const info = { remoteAddress: '', localAddress: '', alpn: null, resolvedAddress: '' };
  assert.deepEqual(await socket.opened, info);
  const writer = socket.writable.getWriter();
  await writer.write('hello');
  assert.equal(`${(await once(other, 'data'))[0]}`, 'hello');
  other.write('world');
  const { value } = await socket.readable.getReader().read();
  assert.equal(new TextDecoder().decode(value), 'world');
  await socket.close();
});

test('writes that were made before it opens are sent in order', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = fromDuplex(net.connect(listener.port, listener.host));
  const writer = socket.writable.getWriter();
  for (const part of ['one ', new Uint8Array([50, 32]), new Uint16Array([8243]).buffer, undefined]) {
    writer.write(part);
  }
  writer.close();
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'one 2 3  FIN');
  await socket.close();
});

test('a later change to what was written never reaches the peer', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const bytes = new Uint8Array(20 * MIB).fill(1);
  const writer = socket.writable.getWriter();
  const written = writer.write(bytes);
  await Promise.resolve();
  bytes.fill(2);
  assert.ok((await peer.take(bytes.length)).every((byte) => byte === 1));
  await written;
  await socket.close();
});

test('a chunk owns its whole buffer', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const reader = socket.readable.getReader();
  await peer.send('hello');
  const { value } = await reader.read();
  assert.equal(value.constructor, Uint8Array);
  assert.equal(value.buffer.byteLength, 5);
});

test('a BYOB reader gets the bytes in its own buffer', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  await peer.send('hello world');
  let text = '';
  for (let buffer = new ArrayBuffer(4); text.length < 11;) {
    const { value } = await reader.read(new Uint8Array(buffer));
    text += new TextDecoder().decode(value);
    buffer = value.buffer;
  }
  assert.equal(text, 'hello world');
  await peer.end();
  const { value, done } = await reader.read(new Uint8Array(4));
  assert.deepEqual([value.length, done], [0, true]);
});

test('10 MiB come back unchanged through toDuplex() and fromDuplex()', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = fromDuplex(toDuplex(fromDuplex(toDuplex(connect(listener.address)))));
  const peer = await listener.accept();
  peer.echo();
  const bytes = randomBytes(10 * MIB);
  const source = new Blob([bytes]).stream();
  const sending = source.pipeTo(socket.writable);
  const received = [];
  for await (const chunk of socket.readable) received.push(chunk);
  await sending;
  assert.ok(Buffer.concat(received).equals(bytes));
  await socket.closed;
});

test('a peer that does not read stalls the writer', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const writer = socket.writable.getWriter();
  const written = writer.write(new Uint8Array(32 * MIB));
  assert.equal(await isPending(written), true);
  await peer.take(32 * MIB);
  await written;
});

test('a reader that does not read stalls the peer', { timeout }, async (t) => {
  const { socket, duplex, peer } = await openSocket(t);
  const sent = peer.send(Buffer.alloc(32 * MIB));
  assert.equal(await isPending(sent), true);
  assert.ok(duplex.readableLength <= 131072);
  let count = 0;
  const reader = socket.readable.getReader();
  while (count < 32 * MIB) count += (await reader.read()).value.length;
  await sent;
});

test('the end of the peer ends it when allowHalfOpen is false', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const writer = socket.writable.getWriter();
  await writer.write('before');
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  await socket.closed;
  assert.equal(await peer.text(), 'before FIN');
  await assert.rejects(writer.write('late'), { code: 'EPIPE' });
});

test('after the end of the peer a half-open one can be written to', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t, { allowHalfOpen: true });
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), DONE);
  const writer = socket.writable.getWriter();
  await writer.write('still here');
  assert.equal(await isPending(socket.closed), true);
  await writer.close();
  await socket.closed;
  assert.equal(await peer.text(), 'still here FIN');
});

test('an echo through pipeTo() loses nothing', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const piping = socket.readable.pipeTo(socket.writable);
  const sent = peer.send(Buffer.alloc(8 * MIB)).then(() => peer.end());
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [8 * MIB, 'FIN']);
  await Promise.all([sent, piping, socket.closed]);
});

test('close() sends what was written before, ends reads and fails later writes', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const reader = socket.readable.getReader();
  const reading = reader.read();
  const writer = socket.writable.getWriter();
  const written = Promise.all([writer.write(new Uint8Array(4 * MIB)), writer.write('last')]);
  const closed = socket.close(new Error('enough'));
  assert.equal(socket.close(), closed);
  assert.deepEqual(await reading, DONE);
  // The peer has to take what is before it.
  const [{ bytes, end }] = await Promise.all([
    peer.rest(),
    assert.rejects(writer.write('late'), { message: 'enough' }),
  ]);
  assert.deepEqual([bytes.length, `${bytes.subarray(-4)}`, end], [4 * MIB + 4, 'last', 'FIN']);
  await Promise.all([written, closed]);
});

test('close() before it opens rejects opened, and destroys the duplex', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = net.connect(listener.port, listener.host);
  const socket = fromDuplex(duplex);
  const closed = socket.close();
  await assert.rejects(socket.opened, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
  await closed;
  assert.equal(duplex.destroyed, true);
});

test('a refused connection rejects opened and closed with the code and the cause', { timeout }, async (t) => {
  const socket = fromDuplex(net.connect(await refusedPort(t), '127.0.0.1'), { address: 'db.winter.test:1' });
  const reading = socket.readable.getReader().read();
  const writing = outcome(socket.writable.getWriter().write('hello'));
  const { error } = await outcome(socket.opened);
  assert.ok(error instanceof SocketError);
  assert.match(error.message, /^SocketError: connect db\.winter\.test:1 failed: connect ECONNREFUSED/);
  assert.deepEqual([error.code, error.cause.syscall], ['ECONNREFUSED', 'connect']);
  assert.deepEqual(await outcome(socket.closed), { error });
  assert.deepEqual(await reading, DONE);
  assert.deepEqual(await writing, { error });
});

test('a reset fails reads and writes with its code, and resolves closed', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const reading = socket.readable.getReader().read();
  await peer.reset();
  await assert.rejects(reading, { code: 'ECONNRESET', message: /^SocketError: read from the duplex failed/ });
  await assert.rejects(socket.writable.getWriter().write('hello'), { code: 'ECONNRESET' });
  await socket.closed;
});

test('a duplex that is destroyed without an error fails reads', { timeout }, async (t) => {
  const { socket, duplex } = await openSocket(t);
  const reading = socket.readable.getReader().read();
  duplex.destroy();
  await assert.rejects(reading, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  await socket.closed;
});

test(
  'cancelling and closing both streams leaves closed pending, and destroys the duplex',
  { timeout },
  async (t) => {
    const { socket, duplex } = await openSocket(t);
    const destroyed = once(duplex, 'close');
    await socket.readable.cancel();
    await socket.writable.close();
    await destroyed;
    assert.equal(await isPending(socket.closed), true);
    await socket.close();
  },
);

test('what is no chunk fails its write, and what was written before arrives', { timeout }, async (t) => {
  const { socket, peer } = await openSocket(t);
  const writer = socket.writable.getWriter();
  await writer.write('before');
  await assert.rejects(writer.write(/** @type {any} */ ({})), TypeError);
  assert.equal(`${await peer.take(6)}`, 'before');
  await socket.close();
});

test('an unref lets the process exit', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ fromDuplex, net }, port) => {
    const socket = fromDuplex(net.connect(port, '127.0.0.1'));
    await socket.opened;
    socket.unref();
    socket.readable.getReader().read();
  };
  const ended = run(t, main, { args: [listener.port] });
  assert.deepEqual(await ended, { code: 0, signal: null, stdout: '', stderr: '' });
});

test('failures that nobody looks at are no unhandled rejections', { timeout }, async (t) => {
  const main = async ({ fromDuplex, net }, port) => {
    const socket = fromDuplex(net.connect(port, '127.0.0.1'));
    void [socket.opened, socket.closed, socket.readable, socket.writable];
  };
  const ended = run(t, main, { args: [await refusedPort(t)] });
  assert.deepEqual(await ended, { code: 0, signal: null, stdout: '', stderr: '' });
});

test('what is no duplex of bytes that is open throws', () => {
  const ended = new PassThrough();
  ended.destroy();
  for (const [input, code] of /** @type {[any, string][]} */ ([
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [new PassThrough({ objectMode: true }), 'ERR_INVALID_ARG_VALUE'],
    [new PassThrough().setEncoding('utf8'), 'ERR_INVALID_ARG_VALUE'],
    [ended, 'ERR_INVALID_STATE'],
  ])) {
    assert.throws(
      () => fromDuplex(input),
      (error) => error instanceof SocketError && error.code === code,
    );
  }
});

test('an option that is not valid throws, and leaves the duplex alone', () => {
  const duplex = new PassThrough();
  for (const options of /** @type {any[]} */ ([
    'off',
    { secureTransport: 'maybe' },
    { sni: 'winter.test' },
    { address: 'nowhere' },
    { secureTransport: 'on' },
  ])) {
    assert.throws(() => fromDuplex(duplex, options), SocketError);
  }
  assert.deepEqual([duplex.destroyed, duplex.listenerCount('error')], [false, 0]);
});
