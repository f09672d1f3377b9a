import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import * as sockets from '../index.js';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { isPending, rejection } from './helpers/settle.js';

const { Socket, SocketError, connect } = sockets;
const GETTERS = ['readable', 'writable', 'opened', 'closed', 'upgraded', 'secureTransport'];
const METHODS = ['close', 'startTls', 'ref', 'unref'];

test('import and require() give the same functions', () => {
  const required = createRequire(import.meta.url)('../index.js');
  assert.deepEqual(Object.keys(required).sort(), [
    'Socket',
    'SocketError',
    'TLSSocket',
    'connect',
    'fromDuplex',
    'toDuplex',
  ]);
  for (const name of Object.keys(required)) assert.equal(required[name], sockets[name]);
});

test('connect() returns a Socket at once', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  assert.ok(socket instanceof Socket);
  assert.equal(await isPending(socket.closed), true);
});

test('new Socket() is the same as connect()', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = new Socket(listener.address, { highWaterMark: 100 });
  t.after(() => socket.close());
  assert.ok(socket instanceof Socket);
  assert.equal((await socket.opened).remoteAddress, listener.address);
  const writer = socket.writable.getWriter();
  assert.equal(writer.desiredSize, 100);
  await writer.write('hello');
  const peer = await listener.accept();
  assert.equal(`${await peer.take(5)}`, 'hello');
  assert.throws(() => new Socket('no port'), SocketError);
  assert.throws(() => Socket('127.0.0.1:1'), TypeError);
});

test('a class can be derived from Socket', { timeout }, async (t) => {
  class Client extends Socket {
    async send(text) {
      const writer = this.writable.getWriter();
      await writer.write(text);
      writer.releaseLock();
    }
  }
  const listener = await listen(t);
  const client = new Client(listener.address);
  t.after(() => client.close());
  await client.send('hello');
  assert.ok(client instanceof Client);
  const peer = await listener.accept();
  assert.equal(`${await peer.take(5)}`, 'hello');
});

test('each getter gives the same object each time', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener);
  const { readable, writable, opened, closed } = socket;
  const same = () => {
    assert.equal(socket.readable, readable);
    assert.equal(socket.writable, writable);
    assert.equal(socket.opened, opened);
    assert.equal(socket.closed, closed);
  };
  same();
  const info = await opened;
  same();
  assert.equal(await socket.opened, info);
  await socket.close();
  same();
});

test('the streams are instances of the global classes, the promises of Promise', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.ok(socket.readable instanceof ReadableStream);
  assert.ok(socket.writable instanceof WritableStream);
  assert.equal(Object.getPrototypeOf(socket.readable), ReadableStream.prototype);
  assert.equal(Object.getPrototypeOf(socket.writable), WritableStream.prototype);
  assert.equal(Object.getPrototypeOf(socket.opened), Promise.prototype);
  assert.equal(Object.getPrototypeOf(socket.closed), Promise.prototype);
});

test('a socket is not thenable: an async function can return it', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.equal('then' in socket, false);
  const returned = await (async () => socket)();
  assert.equal(returned, socket);
});

test('members are on the prototype, and a socket has none of its own', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.deepEqual(Reflect.ownKeys(socket), []);
  for (const name of GETTERS) {
    const { get, set } = Object.getOwnPropertyDescriptor(Socket.prototype, name);
    assert.equal(typeof get, 'function', name);
    assert.equal(set, undefined, name);
  }
  for (const name of [...METHODS, Symbol.asyncDispose]) {
    assert.equal(typeof Socket.prototype[name], 'function', String(name));
  }
});

test('assigning to a getter throws in strict code, and changes nothing', { timeout }, async (t) => {
  const { socket } = await pair(t);
  for (const name of GETTERS) {
    const before = socket[name];
    assert.throws(() => (socket[name] = null), TypeError, name);
    assert.equal(socket[name], before, name);
  }
});

test('a wrong receiver is a TypeError', () => {
  for (const receiver of [{}, Object.create(Socket.prototype), undefined, new ReadableStream()]) {
    for (const name of GETTERS) {
      const { get } = Object.getOwnPropertyDescriptor(Socket.prototype, name);
      assert.throws(() => get.call(receiver), TypeError, name);
    }
    for (const name of [...METHODS, Symbol.asyncDispose]) {
      assert.throws(() => Socket.prototype[name].call(receiver), TypeError, String(name));
    }
  }
  assert.throws(() => Socket.prototype.readable, TypeError);
});

test('a socket is printed and tagged as a Socket', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.equal(Object.prototype.toString.call(socket), '[object Socket]');
  assert.equal(`${socket}`, '[object Socket]');
});

test('Symbol.asyncDispose is close()', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const { closed } = socket;
  assert.equal(socket[Symbol.asyncDispose](), closed);
  assert.equal(await closed, undefined);
  assert.equal(await peer.text(), ' FIN');
});

test('Symbol.asyncDispose delivers what was written', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  socket.writable.getWriter().write(new Uint8Array(8 << 20));
  const disposed = socket[Symbol.asyncDispose]();
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [8 << 20, 'FIN']);
  await disposed;
});

test(
  'Symbol.asyncDispose of a socket that could not connect rejects as closed does',
  { timeout },
  async () => {
    const socket = connect('nothing.invalid:80');
    const error = await rejection(socket.opened);
    assert.equal(await rejection(socket[Symbol.asyncDispose]()), error);
  },
);

test('upgraded is false, and secureTransport is what was asked for', { timeout }, async (t) => {
  const { socket } = await pair(t);
  assert.equal(socket.upgraded, false);
  assert.equal(socket.secureTransport, 'off');
  await socket.close();
  assert.equal(socket.upgraded, false);
  assert.equal(socket.secureTransport, 'off');
});
