// How a Duplex over a socket comes to its end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { SocketError, connect, toDuplex } from '../index.js';
import { fullBacklog } from './helpers/backlog.js';
import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { descriptorsTo, released } from './helpers/descriptors.js';
import { ending, openDuplex } from './helpers/duplex.js';
import { listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { isPending, turns } from './helpers/settle.js';
import { listen as serve } from './system/helpers/peers.js';

const MIB = 1 << 20;

test(
  'end() sends FIN behind what was written, and leaves the other direction open',
  { timeout },
  async (t) => {
    const { duplex, peer } = await openDuplex(t, { allowHalfOpen: true });
    duplex.end('last words');
    await once(duplex, 'finish');
    assert.equal(await peer.text(), 'last words FIN');
    await peer.send('answer');
    assert.equal(`${(await once(duplex, 'data'))[0]}`, 'answer');
    await peer.end();
    assert.deepEqual(await once(duplex, 'close'), [false]);
  },
);

test('end() before the connection stands is done when it does', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connect(listener.address));
  duplex.end('early');
  const peer = await listener.accept();
  assert.equal(await peer.text(), 'early FIN');
  await peer.end();
  assert.deepEqual(await once(duplex.resume(), 'close'), [false]);
});

test('the end of the peer is answered with ours when allowHalfOpen is false', { timeout }, async (t) => {
  const { duplex, socket, peer, listener } = await openDuplex(t);
  assert.equal(duplex.allowHalfOpen, false);
  duplex.write('before');
  await peer.end();
  // Although nobody reads.
  assert.deepEqual(await once(duplex, 'close'), [false]);
  assert.equal(await peer.text(), 'before FIN');
  await socket.closed;
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('after the end of the peer a half-open one can be written to', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t, { allowHalfOpen: true });
  assert.equal(duplex.allowHalfOpen, true);
  await peer.end();
  await once(duplex.resume(), 'end');
  duplex.write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
  assert.equal(await isPending(once(duplex, 'close')), true);
  duplex.end();
  assert.deepEqual(await once(duplex, 'close'), [false]);
});

test('everything that was written before the peer ended reaches it', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  // More than the kernel takes, and more than is handed to the socket at a time.
  const chunk = Buffer.alloc(MIB, 'x');
  let written = 0;
  for (let i = 0; i < 24; i++) duplex.write(chunk, () => written++);
  await peer.end();
  await once(duplex.resume(), 'end');
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [24 * MIB, 'FIN']);
  if (!duplex.closed) assert.deepEqual(await once(duplex, 'close'), [false]);
  assert.equal(written, 24);
});

test('an echo through pipe() loses nothing when the peer ends', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  duplex.pipe(duplex);
  const sent = peer.send(Buffer.alloc(8 * MIB, 'x')).then(() => peer.end());
  const { bytes, end } = await peer.rest();
  await sent;
  assert.deepEqual([bytes.length, end], [8 * MIB, 'FIN']);
});

test('a write after the end of the peer fails', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  await peer.end();
  await once(duplex.resume(), 'close');
  duplex.on('error', () => {});
  const { code } = await new Promise((resolve) => duplex.write('too late', resolve));
  assert.match(code, /^(EPIPE|ERR_STREAM_WRITE_AFTER_END|ERR_STREAM_DESTROYED)$/);
});

test('a reset is an error with its code, and then close', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const ended = ending(duplex);
  await peer.reset();
  const [error, hadError] = await ended;
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(error.cause.syscall, 'read');
  assert.equal(hadError, true);
});

test('a reset fails the writes that wait', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const ended = ending(duplex);
  const errors = [];
  for (let i = 0; i < 3; i++) duplex.write(Buffer.alloc(20 * MIB), (error) => errors.push(error.code));
  await peer.reset();
  const [error] = await ended;
  assert.match(error.code, /^(ECONNRESET|EPIPE)$/);
  assert.equal(errors.length, 3);
});

test('a refused connection is an error with its code, and then close', { timeout }, async (t) => {
  const duplex = toDuplex(connect(`127.0.0.1:${await refusedPort(t)}`));
  // Whatever is under way.
  duplex.write('hello');
  duplex.on('data', () => {});
  const [error, hadError, ...more] = await ending(duplex);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(hadError, true);
  assert.deepEqual(more, []);
  assert.deepEqual([duplex.connecting, duplex.readyState], [false, 'closed']);
});

test('an error that nobody listens for is uncaught, once, and no rejection', { timeout }, async (t) => {
  const main = async ({ connect, toDuplex }, address) => {
    process.on('unhandledRejection', () => process.exit(3));
    process.on('uncaughtException', ({ code }) => console.log(code));
    toDuplex(connect(address)).write('hello');
  };
  const { code, stdout } = await run(t, main, { args: [`127.0.0.1:${await refusedPort(t)}`] });
  assert.deepEqual([code, stdout], [0, 'ECONNREFUSED\n']);
});

test('destroy() while connecting stops that, without an error', { timeout }, async (t) => {
  const { address, port } = await fullBacklog(t);
  const before = descriptorsTo(port, 0);
  const socket = connect(address);
  const duplex = toDuplex(socket);
  const ended = ending(duplex);
  await turns(2);
  duplex.destroy();
  assert.deepEqual(await ended, [false]);
  await assert.rejects(socket.opened, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
  assert.equal(descriptorsTo(port, before), before);
});

test('destroy() in the middle of a transfer closes the descriptor at once', { timeout }, async (t) => {
  const { duplex, peer, listener } = await openDuplex(t);
  const flood = peer.send(Buffer.alloc(64 * MIB)).catch(() => {});
  await once(duplex, 'data');
  const ended = ending(duplex);
  duplex.destroy();
  assert.deepEqual(await ended, [false]);
  assert.equal(descriptorsTo(listener.port, 0), 0);
  await flood;
});

test(
  'destroy() does not wait for a peer that takes nothing, which is told by a reset',
  { timeout },
  async (t) => {
    const { duplex, peer, listener } = await openDuplex(t);
    const ended = ending(duplex);
    duplex.write(Buffer.alloc(64 * MIB));
    await turns(10);
    duplex.destroy();
    assert.deepEqual(await ended, [false]);
    assert.equal(descriptorsTo(listener.port, 0), 0);
    assert.equal(await peer.wasReset(), true);
  },
);

test('destroy(error) emits that error', { timeout }, async (t) => {
  const { duplex, peer, listener } = await openDuplex(t);
  const ended = ending(duplex);
  const error = new Error('enough');
  duplex.destroy(error);
  duplex.destroy(new Error('again'));
  assert.deepEqual(await ended, [error, true]);
  await released(listener.port);
  assert.equal(await peer.text(), ' FIN');
});

test('what was written in full is delivered although destroy() follows', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  await new Promise((resolve) => duplex.write('delivered', resolve));
  duplex.destroy();
  assert.equal(await peer.text(), 'delivered FIN');
});

test('destroySoon() sends everything first', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  duplex.write(Buffer.alloc(8 * MIB, 'x'));
  duplex.destroySoon();
  const { bytes, end } = await peer.rest();
  assert.deepEqual([bytes.length, end], [8 * MIB, 'FIN']);
  if (!duplex.closed) await once(duplex, 'close');
});

test('closing the socket ends its duplex', { timeout }, async (t) => {
  const { duplex, socket } = await openDuplex(t);
  duplex.resume();
  const closed = once(duplex, 'close');
  await socket.close();
  assert.deepEqual(await closed, [false]);
});

test('a thousand connections, ended in every way, leave no descriptor behind', { timeout }, async (t) => {
  const { port } = await serve(t, (peer) => {
    peer.once('data', (word) => (`${word}` === 'reset' ? peer.resetAndDestroy() : peer.end()));
  });
  const ways = [
    (duplex) => duplex.destroy(),
    (duplex) => duplex.once('connect', () => duplex.destroy()),
    (duplex) => duplex.once('connect', () => duplex.destroy(new Error('enough'))),
    (duplex) => duplex.end(),
    (duplex) => duplex.write('end'),
    (duplex) => duplex.write('reset'),
  ];
  for (let round = 0; round < 40; round++) {
    const all = Array.from({ length: 24 }, async (_, i) => {
      const duplex = toDuplex(connect(`127.0.0.1:${port}`)).resume();
      ways[i % ways.length](duplex);
      await ending(duplex);
    });
    await Promise.all(all);
  }
  await released(port);
});
