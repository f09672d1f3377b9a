// Upgrades that are refused, and upgrades that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SocketError, connect } from '../index.js';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { released, unreceivedFrom } from './helpers/descriptors.js';
import { connectTo, listen, pair } from './helpers/peer.js';
import { refusedPort } from './helpers/refused-port.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';
import { ca, connectSecurely, endsAtOnce, secure, takeRecord, upgradablePair } from './helpers/tls-peer.js';

const GO = 'go ahead\r\n';
const DONE = { value: undefined, done: true };

/** What startTls() throws. */
function thrownByStartTls(socket) {
  try {
    socket.startTls({ ca });
  } catch (error) {
    assert.ok(error instanceof SocketError, `${error}`);
    return error;
  }
  throw new Error('startTls() did not throw');
}

/** A socket whose upgrade has begun, with everything that can be waited for. */
function beginUpgrade(old, options) {
  const oldRead = old.readable.getReader().read();
  const socket = old.startTls({ ca, ...options });
  const read = socket.readable.getReader().read();
  const write = outcome(socket.writable.getWriter().write('secret'));
  return { old, oldRead, socket, read, write };
}

/** Everything that waits settles, with the same error. */
async function assertFails({ old, oldRead, socket, read, write }, code) {
  const error = await rejection(socket.opened);
  assert.ok(error instanceof SocketError, `${error}`);
  assert.equal(error.code, code, `${error}`);
  assert.notEqual(error.cause, undefined);
  assert.equal(await rejection(socket.closed), error);
  assert.deepEqual(await read, DONE);
  assert.deepEqual(await write, { error });
  assert.deepEqual(await oldRead, DONE);
  assert.equal(await old.closed, undefined);
  assert.equal(old.upgraded, true);
}

test('startTls() throws on a socket with "off", which stays usable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  assert.match(thrownByStartTls(socket).message, /secureTransport/);
  await socket.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
});

test('startTls() throws on a socket with "on", which stays usable', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectSecurely(t, listener);
  assert.match(thrownByStartTls(socket).message, /secureTransport/);
  const peer = await secure(await listener.accept());
  await socket.opened;
  assert.match(thrownByStartTls(socket).message, /secureTransport/);
  await socket.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
});

test('startTls() throws when it is called twice, and on the socket that it gave', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const upgraded = socket.startTls({ ca });
  t.after(() => upgraded.close());
  thrownByStartTls(socket);
  thrownByStartTls(upgraded);
  const peer = await secure(plain);
  await upgraded.opened;
  thrownByStartTls(socket);
  thrownByStartTls(upgraded);
  await upgraded.writable.getWriter().write('still here');
  assert.equal(`${await peer.take(10)}`, 'still here');
});

test('startTls() throws on a socket that is closed or being closed', { timeout }, async (t) => {
  const { socket } = await upgradablePair(t);
  const closed = socket.close();
  thrownByStartTls(socket);
  await closed;
  thrownByStartTls(socket);
  assert.equal(socket.upgraded, false);
});

test('startTls() throws on a socket that was closed while it was connecting', { timeout }, async (t) => {
  const listener = await listen(t);
  const socket = connectTo(t, listener, { secureTransport: 'starttls' });
  socket.close();
  thrownByStartTls(socket);
});

test('startTls() throws on a socket that could not connect', { timeout }, async (t) => {
  const socket = connect(`127.0.0.1:${await refusedPort(t)}`, { secureTransport: 'starttls' });
  await rejection(socket.opened);
  thrownByStartTls(socket);
});

test('startTls() throws on a socket whose peer has ended', { timeout }, async (t) => {
  const { socket, peer } = await upgradablePair(t);
  await peer.end();
  await socket.readable.getReader().read();
  await socket.closed;
  thrownByStartTls(socket);
});

/** Waits for the client to begin a handshake, and then does something else than to go on with it. */
const instead = (answer) => async (plain) => {
  await takeRecord(plain);
  await answer(plain);
};

/** Goes on with the handshake, until the client says that it does not like it. */
async function handshakeInVain(plain) {
  assert.match((await rejection(secure(plain))).code, /^ERR_SSL_.*_ALERT_/);
}

for (const [title, code, answer, options] of [
  ['ends the connection', 'ECONNRESET', instead((plain) => plain.end())],
  ['ends it in the middle of a record', 'ECONNRESET', instead(({ raw }) => raw.end('\x16\x03\x03\x40'))],
  ['resets the connection', 'ECONNRESET', instead((plain) => plain.reset())],
  [
    'answers in plain text',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    instead((plain) => plain.send('454 not available\r\n')),
  ],
  ['says nothing', 'ETIMEDOUT', () => {}, { connectTimeout: 300 }],
  [
    'has a certificate for another name',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    handshakeInVain,
    { servername: 'x.test' },
  ],
  ['has one of an unknown authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', handshakeInVain, { ca: undefined }],
]) {
  test(`a server that ${title} fails the upgrade`, { timeout }, async (t) => {
    const { socket, peer: plain, listener } = await upgradablePair(t);
    const upgrade = beginUpgrade(socket, options);
    await answer(plain);
    await assertFails(upgrade, code);
    await released(listener.port);
  });
}

test('an upgrade on a port that refuses fails both sockets', { timeout }, async (t) => {
  const old = connect(`127.0.0.1:${await refusedPort(t)}`, { secureTransport: 'starttls' });
  const write = outcome(old.writable.getWriter().write(GO));
  const socket = old.startTls({ ca });
  const read = socket.readable.getReader().read();
  for (const { opened } of [old, socket]) assert.equal((await rejection(opened)).code, 'ECONNREFUSED');
  assert.equal((await rejection(socket.closed)).code, 'ECONNREFUSED');
  assert.equal((await write).error.code, 'ECONNREFUSED');
  assert.deepEqual(await read, DONE);
  // However it ends, it has ended.
  await outcome(old.closed);
});

for (const [title, wait] of [
  // With the first byte of the segment the last one has arrived.
  ['', (socket) => socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(GO.length))],
  [
    ', and a go-ahead that nobody has read,',
    async (_, { port }) => {
      while (unreceivedFrom(port, 1) === 0) await new Promise(setImmediate);
    },
  ],
]) {
  test(`plain text behind the go-ahead${title} fails the upgrade`, { timeout }, async (t) => {
    const { socket, peer: plain, listener } = await upgradablePair(t);
    await plain.send(`${GO}250 injected\r\n`);
    await wait(socket, listener);
    const upgraded = socket.startTls({ ca });
    const end = plain.rest();
    const error = await rejection(upgraded.opened);
    assert.ok(error instanceof SocketError, `${error}`);
    assert.equal(error.code, 'ERR_TLS_PLAINTEXT_INJECTED');
    assert.deepEqual(await upgraded.readable.getReader().read(), DONE);
    assert.equal(await rejection(upgraded.closed), error);
    await end;
    await released(listener.port);
  });
}

test('what was written before an upgrade that fails is sent', { timeout }, async (t) => {
  const { socket, peer: plain, listener } = await upgradablePair(t);
  await plain.send('250 injected\r\n');
  while (unreceivedFrom(listener.port, 1) === 0) await new Promise(setImmediate);
  const writer = socket.writable.getWriter();
  // The second one of a turn is gathered.
  await Promise.all([writer.write('EHLO\r\n'), writer.write('STARTTLS\r\n')]);
  const upgraded = socket.startTls({ ca });
  assert.equal((await rejection(upgraded.opened)).code, 'ERR_TLS_PLAINTEXT_INJECTED');
  assert.equal(`${await plain.take(16)}`, 'EHLO\r\nSTARTTLS\r\n');
});

test('what was injected is never read from the new socket', { timeout }, async (t) => {
  // At whatever time it comes: the upgrade fails in one way or another.
  for (let turns = 0; turns < 20; turns++) {
    const { socket, peer: plain } = await upgradablePair(t);
    plain.send('250 injected\r\n').catch(() => {});
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    const upgraded = socket.startTls({ ca });
    const handshake = outcome(secure(plain));
    assert.deepEqual(await upgraded.readable.getReader().read(), DONE);
    assert.match((await rejection(upgraded.opened)).code, /^ERR_TLS_PLAINTEXT_INJECTED$|^ERR_SSL_/);
    plain.raw.destroy();
    await handshake;
  }
});

test('a failed upgrade that nobody looks at is no unhandled rejection', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address) => {
    const socket = connect(address, { secureTransport: 'starttls' });
    await socket.opened;
    socket.writable
      .getWriter()
      .write('STARTTLS')
      .catch(() => {});
    socket.startTls().readable.getReader().read();
  };
  const child = run(t, main, { args: [listener.address] });
  const plain = await listener.accept();
  await plain.take('STARTTLS'.length);
  await handshakeInVain(plain);
  assert.deepEqual(await child, { code: 0, signal: null, stdout: '', stderr: '' });
});

test('an upgrade keeps the process alive, until its socket is closed', { timeout }, async (t) => {
  const listener = await listen(t);
  const main = async ({ connect }, address, ca) => {
    const socket = connect(address, { secureTransport: 'starttls' }).startTls({ ca });
    await socket.opened;
    console.log('opened');
    setTimeout(() => {
      console.log('alive');
      socket.close();
    }, 300).unref();
  };
  const child = run(t, main, { args: [listener.address, ca] });
  const peer = await secure(await listener.accept(), endsAtOnce);
  assert.equal(await peer.text(), ' FIN');
  assert.deepEqual(await child, { code: 0, signal: null, stdout: 'opened\nalive\n', stderr: '' });
});

for (const [name, end] of Object.entries({
  'closed behind a write': (writer) => {
    writer.write('x').catch(() => {});
    writer.close().catch(() => {});
  },
  'closed, and written to behind that': (writer) => {
    writer.close().catch(() => {});
    writer.write('').catch(() => {});
  },
})) {
  for (const state of ['open', 'pending']) {
    test(
      `an upgrade of a socket that is ${state} and whose writable is ${name} fails`,
      { timeout },
      async (t) => {
        const listener = await listen(t);
        const socket = connectTo(t, listener, { secureTransport: 'starttls', highWaterMark: 1000 });
        if (state === 'open') await socket.opened;
        end(socket.writable.getWriter());
        await assertFailsWithoutWritable(socket, socket.startTls({ ca }));
      },
    );
  }
}

test('an upgrade whose socket’s writable is aborted before its turn fails', { timeout }, async (t) => {
  const { socket, peer } = await upgradablePair(t);
  const writer = socket.writable.getWriter();
  // More than the kernels take before the peer reads it.
  const size = 50_000_000;
  const written = outcome(writer.write(new Uint8Array(size)));
  const upgraded = socket.startTls({ ca });
  const reason = new Error('no more');
  await writer.abort(reason);
  assert.deepEqual(await written, { error: reason });
  // What had left before arrives, and the close waits for that.
  const rest = peer.rest();
  await assertFailsWithoutWritable(socket, upgraded);
  assert.ok((await rest).bytes.length < size);
  assert.ok(await peer.wasReset());
});

async function assertFailsWithoutWritable(socket, upgraded) {
  const error = await rejection(upgraded.opened);
  assert.ok(error instanceof SocketError, `${error}`);
  assert.equal(error.code, 'EPIPE');
  assert.match(error.message, /the writable was closed or aborted before it/);
  assert.equal(await rejection(upgraded.closed), error);
  assert.equal(await socket.closed, undefined);
  assert.equal(socket.upgraded, false);
}

test('what was written arrives although the new socket is closed at once', { timeout }, async (t) => {
  const { socket, peer } = await upgradablePair(t, { highWaterMark: 1000 });
  const writer = socket.writable.getWriter();
  await Promise.all([writer.write(new Uint8Array(100)), writer.write('gathered')]);
  const upgraded = socket.startTls({ ca });
  const failed = rejection(upgraded.opened);
  await upgraded.close();
  assert.equal((await failed).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  assert.equal(`${(await peer.rest()).bytes.subarray(100, 108)}`, 'gathered');
});

test('what waits to be sent arrives although the new socket is closed', { timeout }, async (t) => {
  const { socket, peer } = await upgradablePair(t);
  const writer = socket.writable.getWriter();
  // More than the kernels take before the peer reads it.
  const size = 50_000_000;
  const written = Promise.all([writer.write(new Uint8Array(size)), writer.write('behind')]);
  const upgraded = socket.startTls({ ca });
  const failed = rejection(upgraded.opened);
  const closed = upgraded.close();
  const late = rejection(writer.write('too late'));
  await turns(5);
  assert.ok(await isPending(closed), 'closed resolves before what was written is sent');
  const { bytes, end } = await peer.rest();
  assert.equal(bytes.length, size + 'behind'.length);
  assert.equal(end, 'FIN');
  await written;
  for (const error of await Promise.all([failed, late])) {
    assert.equal(error.code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  }
  assert.deepEqual(await Promise.all([closed, socket.closed]), [undefined, undefined]);
  assert.equal(socket.upgraded, false);
});
