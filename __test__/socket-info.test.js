import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { connectTo, listen } from './helpers/peer.js';

test('the info has the four members, strings or null, and no more', { timeout }, async (t) => {
  const listener = await listen(t);
  const info = await connectTo(t, listener).opened;
  const peer = await listener.accept();
  assert.deepEqual(info, {
    remoteAddress: listener.address,
    localAddress: `127.0.0.1:${peer.clientPort}`,
    alpn: null,
    resolvedAddress: listener.address,
  });
  assert.equal(Object.getPrototypeOf(info), Object.prototype);
});

test('localAddress is the end that the peer sees', { timeout }, async (t) => {
  const listener = await listen(t);
  const infos = await Promise.all(Array.from({ length: 10 }, () => connectTo(t, listener).opened));
  const seen = [];
  for (let i = 0; i < 10; i++) seen.push(`127.0.0.1:${(await listener.accept()).clientPort}`);
  assert.deepEqual(infos.map((info) => info.localAddress).sort(), seen.sort());
});

for (const [title, address, remoteAddress] of [
  ['a string as it is', (port) => `127.0.0.1:${port}`, (port) => `127.0.0.1:${port}`],
  ['an object joined', (port) => ({ hostname: '127.0.0.1', port }), (port) => `127.0.0.1:${port}`],
  ['a port converted', (port) => ({ hostname: '127.0.0.1', port: `${port}` }), (port) => `127.0.0.1:${port}`],
  ['a name unresolved', (port) => `localhost:${port}`, (port) => `localhost:${port}`],
  ['leading zeros', (port) => `127.0.0.1:0${port}`, (port) => `127.0.0.1:0${port}`],
]) {
  test(`remoteAddress is the address as it was asked for: ${title}`, { timeout }, async (t) => {
    const { port } = await listen(t);
    const socket = connect(address(port));
    t.after(() => socket.close());
    const info = await socket.opened;
    assert.equal(info.remoteAddress, remoteAddress(port));
    assert.equal(info.resolvedAddress, `127.0.0.1:${port}`);
  });
}

for (const [title, address] of [
  ['in brackets in a string', (port) => `[::1]:${port}`],
  ['without brackets in an object', (port) => ({ hostname: '::1', port })],
  ['with brackets in an object', (port) => ({ hostname: '[::1]', port })],
]) {
  test(`an IPv6 address is given in brackets: ${title}`, { timeout }, async (t) => {
    const listener = await listen(t, { host: '::1' });
    const socket = connect(address(listener.port));
    t.after(() => socket.close());
    const info = await socket.opened;
    const peer = await listener.accept();
    assert.equal(info.remoteAddress, `[::1]:${listener.port}`);
    assert.equal(info.resolvedAddress, `[::1]:${listener.port}`);
    assert.equal(info.localAddress, `[::1]:${peer.clientPort}`);
  });
}

test('an IPv6 address is resolved to its usual spelling', { timeout }, async (t) => {
  const listener = await listen(t, { host: '::1' });
  const socket = connect(`[0:0:0:0:0:0:0:1]:${listener.port}`);
  t.after(() => socket.close());
  const info = await socket.opened;
  assert.equal(info.remoteAddress, `[0:0:0:0:0:0:0:1]:${listener.port}`);
  assert.equal(info.resolvedAddress, `[::1]:${listener.port}`);
});
