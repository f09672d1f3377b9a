import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { connectTo, listen } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { namespace } from './helpers/namespace.js';
import { outcome, rejection } from './helpers/settle.js';

const DONE = { value: undefined, done: true };

/** Where both families stand for `localhost`, if the system lets us have that; otherwise what it has. */
const TWO_FAMILIES = { hosts: '127.0.0.1 localhost\n::1 localhost\n' };

for (const hostname of ['nothing.invalid', 'a.b.c.invalid', `${'a'.repeat(64)}.localhost`]) {
  test(
    `a name that does not exist fails with a code of the resolver: ${hostname.slice(0, 20)}`,
    { timeout },
    async () => {
      const socket = connect({ hostname, port: 80 });
      const read = socket.readable.getReader().read();
      const write = outcome(socket.writable.getWriter().write('never sent'));
      const error = await rejection(socket.opened);
      assert.ok(error instanceof SocketError);
      assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
      assert.ok(error.message.startsWith(`SocketError: connect ${hostname}:80 failed: `), error.message);
      assert.equal(error.cause.syscall, 'getaddrinfo');
      assert.equal(error.cause.code, error.code);
      assert.equal(error.cause.hostname, hostname);
      assert.equal(await rejection(socket.closed), error);
      assert.deepEqual(await read, DONE);
      assert.deepEqual(await write, { error });
    },
  );
}

test('several names that do not exist all fail at the same time', { timeout }, async () => {
  const sockets = Array.from({ length: 10 }, (_, i) => connect(`n${i}.invalid:80`));
  for (const [i, socket] of sockets.entries()) {
    assert.ok((await rejection(socket.opened)).message.includes(`n${i}.invalid:80`));
  }
});

test('localhost is connected to, and reported as it was asked for', { timeout }, async (t) => {
  const [{ address: host }] = await dns.lookup('localhost', { all: true });
  const listener = await listen(t, { host });
  const socket = connectTo(t, listener);
  await socket.opened;
  const named = connect({ hostname: 'LocalHost', port: listener.port });
  t.after(() => named.close());
  const info = await named.opened;
  assert.equal(info.remoteAddress, `LocalHost:${listener.port}`);
  assert.equal(info.resolvedAddress, listener.address);
});

test('bytes go both ways through a socket that was connected by name', { timeout }, async (t) => {
  const [{ address: host }] = await dns.lookup('localhost', { all: true });
  const listener = await listen(t, { host });
  const socket = connect(`localhost:${listener.port}`);
  t.after(() => socket.close());
  const written = socket.writable.getWriter().write('hello');
  const peer = await listener.accept();
  assert.equal(`${await peer.take(5)}`, 'hello');
  await written;
  await peer.send('world');
  assert.equal(new TextDecoder().decode((await socket.readable.getReader().read()).value), 'world');
});

for (const host of ['127.0.0.1', '::1']) {
  test(`a name of both families connects although only ${host} listens`, { timeout }, async (t) => {
    const prefix = namespace(t, TWO_FAMILIES);
    const families = prefix
      ? ['127.0.0.1', '::1']
      : (await dns.lookup('localhost', { all: true })).map((a) => a.address);
    const listener = await listen(t, { host, ipv6Only: host === '::1' });
    const main = async ({ connect }, address) => {
      const socket = connect(address);
      const result = await socket.opened.then(
        ({ resolvedAddress }) => resolvedAddress,
        ({ code }) => code,
      );
      console.log(result);
      socket.close().catch(() => {});
    };
    const { stdout, stderr } = await run(t, main, { prefix, args: [`localhost:${listener.port}`] });
    assert.deepEqual(
      { stdout, stderr },
      { stdout: families.includes(host) ? `${listener.address}\n` : 'ECONNREFUSED\n', stderr: '' },
    );
  });
}

test('a name of both families that refuses on both lists each attempt', { timeout }, async (t) => {
  const prefix = namespace(t, TWO_FAMILIES);
  const port = await refusedPort(t);
  const main = async ({ connect }, target) => {
    const { lookup } = await import('node:dns/promises');
    const addresses = (await lookup('localhost', { all: true, verbatim: true })).map(
      (entry) => entry.address,
    );
    const error = await connect(`localhost:${target}`).opened.catch((reason) => reason);
    const { message, code, errors, cause } = error;
    const causes = errors?.map((each) => ({ ...each, message: each.message, errno: typeof each.errno }));
    const indexOfCause = errors?.indexOf(cause);
    console.log(JSON.stringify({ addresses, message, code, causes, indexOfCause, cause: cause.message }));
  };
  const { stdout, stderr } = await run(t, main, { prefix, args: [port] });
  assert.equal(stderr, '');
  const { addresses, message, code, causes, indexOfCause, cause } = JSON.parse(stdout);
  assert.equal(code, 'ECONNREFUSED');
  if (prefix !== undefined) assert.equal(addresses.length, 2);
  const words = `SocketError: connect localhost:${port} failed: connection refused`;
  if (addresses.length === 1) {
    assert.deepEqual(
      [message, causes, cause],
      [words, undefined, `connect ECONNREFUSED ${addresses[0]}:${port}`],
    );
    return;
  }
  const endpoints = addresses.map((each) => (each.includes(':') ? `[${each}]:${port}` : `${each}:${port}`));
  assert.equal(message, `${words} (${addresses.length} addresses tried: ${endpoints.join(', ')})`);
  assert.deepEqual(
    causes,
    addresses.map((address) => ({
      errno: 'number',
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address,
      port,
      message: `connect ECONNREFUSED ${address}:${port}`,
    })),
  );
  assert.equal(indexOfCause, 0);
});

test('closing a socket whose name server does not answer ends it at once', { timeout }, async (t) => {
  const prefix = namespace(t, { nameserver: '127.0.0.1' });
  const main = async ({ connect }, hasResolver) => {
    const { createSocket } = await import('node:dgram');
    const server = createSocket('udp4').unref();
    // Without a name server of our own the close comes at some moment of the resolution.
    const asked = new Promise((resolve) => {
      if (hasResolver) server.once('message', resolve);
      else setImmediate(resolve);
    });
    if (hasResolver) await new Promise((resolve) => server.bind(53, '127.0.0.1', resolve));
    const socket = connect('slow.invalid:80');
    const read = socket.readable.getReader().read();
    await asked;
    const began = performance.now();
    await socket.close();
    const { code } = await socket.opened.catch((error) => error);
    console.log(code, (await read).done);
    process.on('exit', () => console.log(performance.now() - began < 3000 ? 'at once' : 'late'));
  };
  const { code, stdout, stderr } = await run(t, main, { prefix, args: [prefix !== undefined] });
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 0, stdout: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION true\nat once\n', stderr: '' },
  );
});

test('a name server that does not answer is told from a name that does not exist', { timeout }, async (t) => {
  // Nobody listens on the port of this name server, so that it fails at once.
  const prefix = namespace(t, { nameserver: '127.0.0.1' });
  const main = async ({ connect }) => {
    const { code, message } = await connect('some.invalid:80').opened.catch((error) => error);
    console.log(code, message);
  };
  const { stdout } = await run(t, main, { prefix });
  assert.match(stdout, /^(EAI_AGAIN|ENOTFOUND) SocketError: connect some\.invalid:80 failed: /);
  if (prefix !== undefined) assert.match(stdout, /^EAI_AGAIN /);
});
