// A socket as a Duplex with the members of net.Socket.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';

import { SocketError, connect, toDuplex } from '../index.js';
import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { openDuplex } from './helpers/duplex.js';
import { connectTo, listen, pair } from './helpers/peer.js';

/** The events that matter, in the order in which they come. */
const EVENTS = ['connect', 'ready', 'secureConnect', 'end', 'finish', 'error', 'close'];

function record(duplex) {
  const seen = [];
  for (const event of EVENTS) duplex.on(event, () => seen.push(event));
  return seen;
}

test('what is written arrives, and what the peer sends comes as data', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  duplex.write('hello ');
  duplex.write(Buffer.from('wörld'));
  duplex.write('00ff', 'hex');
  const expected = Buffer.concat([Buffer.from('hello wörld'), Buffer.from([0, 255])]);
  assert.deepEqual(await peer.take(expected.length), expected);
  await peer.send('answer');
  const [chunk] = await once(duplex, 'data');
  assert.ok(Buffer.isBuffer(chunk));
  assert.equal(`${chunk}`, 'answer');
});

test('the events of a connection come in the order of net.Socket', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connectTo(t, listener));
  const seen = record(duplex);
  const peer = await listener.accept();
  peer.echo();
  duplex.resume().end('bye');
  const [hadError] = await once(duplex, 'close');
  assert.equal(hadError, false);
  assert.deepEqual(seen, ['connect', 'ready', 'finish', 'end', 'close']);
});

test('connect is emitted also if the socket was open before', { timeout }, async (t) => {
  const { socket } = await pair(t);
  await socket.opened;
  const duplex = toDuplex(socket);
  const seen = record(duplex);
  assert.equal(duplex.connecting, true);
  await once(duplex, 'ready');
  assert.equal(duplex.connecting, false);
  assert.deepEqual(seen, ['connect', 'ready']);
  duplex.destroy();
});

test('before connect there are no addresses, and afterwards those of the kernel', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connectTo(t, listener));
  const none = [
    duplex.remoteAddress,
    duplex.remotePort,
    duplex.remoteFamily,
    duplex.localAddress,
    duplex.localPort,
    duplex.localFamily,
  ];
  assert.deepEqual(
    none,
    none.map(() => undefined),
  );
  assert.deepEqual(duplex.address(), {});
  await once(duplex, 'connect');
  const { clientPort: port } = await listener.accept();
  assert.deepEqual(duplex.address(), { address: '127.0.0.1', family: 'IPv4', port });
  assert.deepEqual([duplex.localAddress, duplex.localPort, duplex.localFamily], ['127.0.0.1', port, 'IPv4']);
  assert.deepEqual(
    [duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily],
    ['127.0.0.1', listener.port, 'IPv4'],
  );
  duplex.destroy();
});

test('IPv6 addresses have no brackets', { timeout }, async (t) => {
  const listener = await listen(t, { host: '::1' });
  const duplex = toDuplex(connectTo(t, listener));
  await once(duplex, 'connect');
  assert.deepEqual([duplex.remoteAddress, duplex.remoteFamily], ['::1', 'IPv6']);
  assert.deepEqual(duplex.address(), { address: '::1', family: 'IPv6', port: duplex.localPort });
  duplex.destroy();
});

test('the state is told as net.Socket tells it', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connectTo(t, listener, { allowHalfOpen: true }));
  const state = () => [duplex.readyState, duplex.connecting, duplex.pending];
  assert.deepEqual(state(), ['opening', true, true]);
  await once(duplex, 'connect');
  assert.deepEqual(state(), ['open', false, false]);
  const peer = await listener.accept();
  duplex.end();
  await once(duplex, 'finish');
  assert.deepEqual(state(), ['readOnly', false, false]);
  await peer.end();
  await once(duplex.resume(), 'close');
  assert.deepEqual(state(), ['closed', false, false]);
});

test('a plain socket is neither encrypted nor authorized', { timeout }, async (t) => {
  const { duplex } = await openDuplex(t);
  assert.deepEqual([duplex.encrypted, duplex.authorized, duplex.alpnProtocol], [false, false, null]);
});

test('bytes are counted, those that wait included', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  duplex.write('12345');
  duplex.write('67890');
  assert.equal(duplex.bytesWritten, 10);
  await peer.take(10);
  await peer.send('abc');
  await once(duplex, 'data');
  assert.deepEqual([duplex.bytesWritten, duplex.bytesRead], [10, 3]);
  await new Promise((resolve) => duplex.write('x'.repeat(1_000_000), resolve));
  assert.equal(duplex.bytesWritten, 1_000_010);
});

test('20 MiB through a pipeline come back unchanged', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  peer.echo();
  const bytes = randomBytes(20 << 20);
  const source = new PassThrough();
  const received = [];
  source.end(bytes);
  await pipeline(source, duplex, async (chunks) => {
    for await (const chunk of chunks) received.push(chunk);
  });
  assert.ok(Buffer.concat(received).equals(bytes));
});

test('many small writes arrive in order, in few system calls', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`);
  for (const line of lines) duplex.write(line);
  duplex.end();
  assert.ok((await peer.rest()).bytes.equals(Buffer.from(lines.join(''))));
});

test('corked writes go together', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  duplex.cork();
  for (const part of ['a', '', 'b', 'c'.repeat(300_000), 'd']) duplex.write(part);
  duplex.uncork();
  duplex.end();
  assert.equal(await peer.text(), `ab${'c'.repeat(300_000)}d FIN`);
});

test('an iterator reads everything to the end', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const sent = peer.send(Buffer.alloc(5 << 20)).then(() => peer.end());
  let count = 0;
  for await (const chunk of duplex) count += chunk.length;
  assert.equal(count, 5 << 20);
  await sent;
});

test('connect() does nothing but call back when the connection stands', { timeout }, async (t) => {
  const listener = await listen(t);
  const duplex = toDuplex(connectTo(t, listener));
  const early = new Promise((resolve) => assert.equal(duplex.connect(1, 'nowhere.invalid', resolve), duplex));
  await early;
  assert.equal(duplex.remotePort, listener.port);
  await new Promise((resolve) => duplex.connect({ port: 1 }, resolve));
  await listener.accept();
  assert.equal(listener.count, 1);
  duplex.destroy();
});

test('what can not be set is taken without effect', { timeout }, async (t) => {
  const { duplex } = await openDuplex(t);
  assert.equal(duplex.setNoDelay(false), duplex);
  assert.equal(duplex.setKeepAlive(true, 1000), duplex);
  assert.equal(duplex.ref(), duplex);
  assert.equal(duplex.unref(), duplex);
});

test('an unref lets the process exit, and a ref takes it back', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect, toDuplex }, address) => {
    const connected = (duplex) => new Promise((resolve) => duplex.once('connect', () => resolve(duplex)));
    const idle = (await connected(toDuplex(connect(address)))).on('data', () => {}).unref();
    idle.setTimeout(3_600_000);
    const kept = await connected(toDuplex(connect(address)).unref().ref());
    // While this one waits for its peer, the process lives.
    kept.once('data', (data) => {
      process.stdout.write(data);
      kept.unref();
    });
  };
  const ended = run(t, main, { args: [listener.address] });
  const peers = [await listener.accept(), await listener.accept()];
  await Promise.all(peers.map((peer) => peer.send('news')));
  assert.deepEqual(await ended, { code: 0, signal: null, stdout: 'news', stderr: '' });
});

test('what a listener throws is an uncaught exception and no rejection', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = ({ connect, toDuplex }, address) => {
    const duplex = toDuplex(connect(address));
    let thrown = 0;
    const fail = () => {
      thrown++;
      throw new Error('of the user');
    };
    process.on('unhandledRejection', () => process.exit(3));
    process.on('uncaughtException', ({ message }) => {
      console.log(message, thrown);
      // The connection goes on.
      if (thrown === 2) duplex.write('again');
      if (thrown === 3) duplex.destroy();
    });
    duplex.once('connect', fail);
    duplex.on('data', fail);
  };
  const ended = run(t, main, { args: [listener.address] });
  const peer = await listener.accept();
  await peer.send('one');
  await peer.take(5);
  await peer.send('two');
  const { code, stdout } = await ended;
  assert.equal(code, 0);
  assert.equal(stdout, 'of the user 1\nof the user 2\nof the user 3\n');
});

test('the bridges are not loaded before somebody uses them', { timeout }, async (t) => {
  const main = async ({ connect, toDuplex }, address) => {
    const { createRequire } = await import('node:module');
    const { cache } = createRequire(`${process.cwd()}/index.js`);
    const isLoaded = () => Object.keys(cache).some((path) => /(to|from)-duplex\.js$/.test(path));
    const socket = connect(address);
    console.log(isLoaded());
    toDuplex(socket).destroy();
    console.log(isLoaded());
  };
  const listener = await listen(t);
  const { stdout, stderr } = await run(t, main, { args: [listener.address] });
  assert.deepEqual([stdout, stderr], ['false\ntrue\n', '']);
});

test('the duplex is a Duplex, and has the socket for itself', { timeout }, async (t) => {
  const { duplex, socket } = await openDuplex(t);
  assert.ok(duplex instanceof Duplex);
  assert.equal(socket.readable.locked && socket.writable.locked, true);
  assert.throws(() => toDuplex(socket), { code: 'ERR_INVALID_STATE', message: /locked/ });
});

test('what is no socket throws', () => {
  for (const input of [undefined, null, 'localhost:80', {}, new PassThrough(), Promise.resolve()]) {
    assert.throws(
      () => toDuplex(/** @type {any} */ (input)),
      (error) => error instanceof SocketError && error.code === 'ERR_INVALID_ARG_TYPE',
    );
  }
});

test('any object with the members of a socket will do', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connect(listener.address);
  const { readable, writable, opened, closed } = socket;
  const duplex = toDuplex(
    /** @type {any} */ ({ readable, writable, opened, closed, close: (reason) => socket.close(reason) }),
  );
  const peer = await listener.accept();
  peer.echo();
  duplex.write('hello');
  assert.equal(`${(await once(duplex, 'data'))[0]}`, 'hello');
  duplex.destroy();
  await socket.closed;
});
