// Handshakes that stall, many of them, and what is left of connections with TLS.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { SocketError, TLSSocket, connect } from '../index.js';

import { fullBacklog } from './helpers/backlog.js';
import { run, start } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { released } from './helpers/descriptors.js';
import { listen } from './helpers/peer.js';
import { isPending, outcome, rejection } from './helpers/settle.js';
import {
  ca,
  connectSecurely,
  endsAtOnce,
  listenBehindWire,
  only,
  secure,
  takeRecord,
  upgradablePair,
} from './helpers/tls-peer.js';

const DONE = { value: undefined, done: true };

/** How many descriptors this process has; where the system does not tell, 0. */
const descriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

/** A listener whose peers go over to TLS at once, and send everything back. */
async function listenForEchoes(t) {
  const listener = await listen(t);
  const serve = async (plain) => (await secure(plain)).echo();
  (async () => {
    // The clients may have ended in the middle of the handshake.
    for (;;) serve(await listener.accept()).catch(() => {});
  })();
  return listener;
}

/** Sends something, gets it back, and closes. */
async function useOnce(socket, message) {
  const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
  await writer.write(message);
  let answer = '';
  while (answer.length < message.length) answer += Buffer.from((await reader.read()).value);
  assert.equal(answer, message);
  await socket.close();
}

test('close() ends a handshake that stalls', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectSecurely(t, listener);
  const read = socket.readable.getReader().read();
  const write = outcome(socket.writable.getWriter().write('never sent'));
  const peer = await listener.accept();
  await takeRecord(peer);
  assert.equal(await isPending(socket.opened), true);
  assert.equal(await socket.close(), undefined);
  const error = await rejection(socket.opened);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  assert.deepEqual(await read, DONE);
  assert.deepEqual(await write, { error });
  assert.equal((await peer.rest()).bytes.includes('never sent'), false);
  await released(listener.port);
});

test(
  'close() ends a handshake at whatever point it is, and leaves nothing behind',
  { timeout },
  async (t) => {
    const listener = await listenForEchoes(t);
    for (let round = 0; round < 60; round++) {
      const socket = connectSecurely(t, listener);
      for (let turn = 0; turn < round % 20; turn++) await new Promise(setImmediate);
      await socket.close();
    }
    await useOnce(connectSecurely(t, listener), 'still here');
    await released(listener.port);
  },
);

test('connectTimeout ends a handshake that stalls', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectSecurely(t, listener, { tls: { connectTimeout: 300 } });
  const read = socket.readable.getReader().read();
  const error = await rejection(socket.opened);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ETIMEDOUT');
  assert.equal(await rejection(socket.closed), error);
  assert.deepEqual(await read, DONE);
  await released(listener.port);
});

for (const [title, begin] of Object.entries({
  'connecting, when TLS comes later': (address) =>
    new TLSSocket({ ca, connectTimeout: 300 }).connect(address, { secureTransport: 'starttls' }),
  'connecting, when startTls() was called meanwhile': (address) =>
    new TLSSocket({ ca, connectTimeout: 300 }).connect(address, { secureTransport: 'starttls' }).startTls(),
  'connecting, when startTls() has it': (address) =>
    connect(address, { secureTransport: 'starttls' }).startTls({ ca, connectTimeout: 300 }),
})) {
  test(`connectTimeout ends ${title}`, { timeout }, async (t) => {
    const { address } = await fullBacklog(t);
    const socket = begin(address);
    const error = await rejection(socket.opened);
    assert.ok(error instanceof SocketError);
    assert.equal(error.code, 'ETIMEDOUT');
    assert.match(error.message, /connect 127\.0\.0\.1:\d+ failed: not connected after 300 ms$/);
    assert.equal(await rejection(socket.closed), error);
  });
}

test('connectTimeout ends a startTls() whose peer takes nothing', { timeout }, async (t) => {
  const { socket: old, peer } = await upgradablePair(t);
  const size = 50_000_000;
  const written = outcome(old.writable.getWriter().write(new Uint8Array(size)));
  const socket = old.startTls({ ca, connectTimeout: 300 });
  const error = await rejection(socket.opened);
  assert.equal(error.code, 'ETIMEDOUT');
  assert.equal(await rejection(socket.closed), error);
  // As if it had been closed: what was written before is sent.
  assert.equal((await peer.rest()).bytes.length, size);
  assert.deepEqual(await written, { value: undefined });
  assert.equal(await old.closed, undefined);
  assert.equal(old.upgraded, false);
});

test('connectTimeout ends the handshake of a startTls() that stalls', { timeout }, async (t) => {
  const { socket: old, peer } = await upgradablePair(t);
  const socket = old.startTls({ ca, connectTimeout: 300 });
  await takeRecord(peer);
  const error = await rejection(socket.opened);
  assert.equal(error.code, 'ETIMEDOUT');
  assert.equal(await rejection(socket.closed), error);
  await peer.rest();
});

test('connectTimeout leaves a connection alone that stands', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectSecurely(t, listener, { tls: { connectTimeout: 5000 } });
  const peer = await secure(await listener.accept());
  await socket.opened;
  await new Promise((resolve) => setTimeout(resolve, 5500));
  await socket.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
});

/** Ways in which a server may send the messages of its side of the handshake, as long as they are plain text. */
const shapes = {
  'in one record': () => {
    let messages = Buffer.alloc(0);
    return (body) => {
      messages = Buffer.concat([messages, body]);
      // The last one of them, which is empty, is ServerHelloDone.
      return body[0] === 14 ? record(messages) : Buffer.alloc(0);
    };
  },
  'in records of one byte': () => (body) =>
    Buffer.concat(Array.from(body, (_, i) => record(body.subarray(i, i + 1)))),
};

/** A record of TLS 1.2 with something of a handshake. */
function record(body) {
  const head = Buffer.from([22, 3, 3, 0, 0]);
  head.writeUInt16BE(body.length, 3);
  return Buffer.concat([head, body]);
}

for (const [title, makeShape] of Object.entries(shapes)) {
  const begin = async (t, tls) => {
    const shape = makeShape();
    let isOver = false;
    const down = (bytes) => {
      if (isOver) return bytes;
      const body = bytes.subarray(5);
      isOver = body[0] === 14;
      return shape(body);
    };
    const listener = await listenBehindWire(t, { down });
    const socket = connectSecurely(t, listener, { tls });
    return { socket, securing: outcome(secure(await listener.accept(), only('TLSv1.2'))) };
  };

  test(`a server may send its messages ${title}`, { timeout }, async (t) => {
    const { socket, securing } = await begin(t);
    const { value: peer } = await securing;
    peer.echo();
    await useOnce(socket, 'hello');
  });

  test(`a server that sends its messages ${title} can be refused`, { timeout }, async (t) => {
    const { socket, securing } = await begin(t, { ca: undefined });
    assert.equal((await rejection(socket.opened)).code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.match((await securing).error.code, /_ALERT_/);
  });
}

test('64 handshakes at the same time all succeed', { timeout }, async (t) => {
  const listener = await listenForEchoes(t);
  const sockets = Array.from({ length: 64 }, () => connectSecurely(t, listener));
  await Promise.all(sockets.map((socket, i) => useOnce(socket, `message ${i}`)));
  await released(listener.port);
});

test('500 connections, one after the other, leave no descriptor behind', { timeout }, async (t) => {
  const listener = await listenForEchoes(t);
  const cycle = () => useOnce(connectSecurely(t, listener), 'hello');
  // The first ones start threads, which have descriptors of their own.
  for (let i = 0; i < 20; i++) await cycle();
  await released(listener.port);
  const before = descriptors();
  for (let i = 0; i < 500; i++) await cycle();
  await released(listener.port);
  // The peers' descriptors are ours, too, and go a moment later.
  while (descriptors() > before) await new Promise(setImmediate);
});

test('a hundred handshakes that fail leave no descriptor behind', { timeout }, async (t) => {
  const listener = await listen(t);
  for (let i = 0; i < 100; i++) {
    const socket = connectSecurely(t, listener, { tls: { ca: undefined } });
    await rejection(secure(await listener.accept()));
    assert.equal((await rejection(socket.opened)).code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  }
  await released(listener.port);
});

test('a socket that was dropped is collected, with a close_notify and a FIN', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ TLSSocket }, address, ca) => {
    setInterval(gc, 20).unref();
    const socket = new TLSSocket({ ca }).connect(address);
    socket.closed.then(() => console.log('closed'));
    await socket.writable.getWriter().write('hello');
  };
  const child = start(t, main, { flags: ['--expose-gc'], args: [listener.address, ca] });
  const peer = await secure(await listener.accept(), endsAtOnce);
  assert.equal(await peer.text(), 'hello FIN');
  assert.deepEqual(await child.ended, { code: 0, signal: null, stdout: 'closed\n', stderr: '' });
});

test('a handshake keeps its socket, and the process alive', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = ({ TLSSocket }, address, ca) => {
    setInterval(gc, 20).unref();
    new TLSSocket({ ca }).connect(address).opened.then(() => console.log('opened'));
    setTimeout(() => console.log('waited'), 300).unref();
  };
  const child = start(t, main, { flags: ['--expose-gc'], args: [listener.address, ca] });
  const plain = await listener.accept();
  assert.equal(await child.line(), 'waited');
  assert.equal(await (await secure(plain, endsAtOnce)).text(), ' FIN');
  assert.deepEqual(await child.ended, { code: 0, signal: null, stdout: 'waited\nopened\n', stderr: '' });
});

test('unref() lets the process end during a handshake, and afterwards', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ TLSSocket }, address, ca, waits) => {
    const socket = new TLSSocket({ ca }).connect(address);
    globalThis.held = socket;
    if (waits) await socket.opened;
    socket.unref();
    console.log('let go');
  };
  for (const waits of [false, true]) {
    const child = run(t, main, { args: [listener.address, ca, waits] });
    if (waits) await secure(await listener.accept());
    assert.deepEqual(await child, { code: 0, signal: null, stdout: 'let go\n', stderr: '' });
    // If it has connected at all by then.
    if (!waits && listener.count > 0) await listener.accept();
  }
});
