// How connections with TLS end: with a close_notify, or not in good order.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { SocketError } from '../index.js';

import { timeout } from './helpers/deadline.js';
import { descriptorsTo, released } from './helpers/descriptors.js';
import { isPending, outcome, rejection } from './helpers/settle.js';
import { VERSIONS, only, securePair } from './helpers/tls-peer.js';

const LARGE = 16 << 20;
const DONE = { value: undefined, done: true };
const text = ({ value }) => new TextDecoder().decode(value);

/**
 * A record that has the length of an alert: TLS 1.2 says what it is and adds 24 bytes, TLS 1.3 does not say it and adds 17.
 */
const isAlert = (record) => record[0] === 21 || (record[0] === 23 && record.length === 5 + 2 + 17);

/** Notes which records a socket sends after its handshake: `'data'`, `'alert'`, and so on. */
function note(records) {
  return (record) => {
    records.push(isAlert(record) ? 'alert' : 'data');
    return record;
  };
}

for (const version of VERSIONS) {
  const server = only(version);

  test(`close() sends what was written, close_notify, and FIN, in ${version}`, { timeout }, async (t) => {
    const records = [];
    const { socket, peer } = await securePair(t, { server, wire: { up: note(records) } });
    records.length = 0;
    socket.writable.getWriter().write('goodbye');
    await socket.close();
    assert.equal(await peer.text(), 'goodbye FIN');
    assert.deepEqual(records, ['data', 'alert']);
  });

  test(
    `writer.close() sends close_notify and FIN, and reads go on, in ${version}`,
    { timeout },
    async (t) => {
      const records = [];
      const { socket, peer } = await securePair(t, { server, wire: { up: note(records) } });
      const writer = socket.writable.getWriter();
      records.length = 0;
      await writer.write('request');
      await writer.close();
      assert.equal(await peer.text(), 'request FIN');
      const answer = randomBytes(200_000);
      const sending = peer.send(answer).then(() => peer.end());
      const chunks = [];
      for await (const chunk of socket.readable) chunks.push(chunk);
      assert.ok(Buffer.concat(chunks).equals(answer));
      await sending;
      assert.equal(await socket.closed, undefined);
      assert.deepEqual(records, ['data', 'alert']);
    },
  );

  test(`the peer's end is answered with ours, in ${version}`, { timeout }, async (t) => {
    const records = [];
    const { socket, peer } = await securePair(t, { server, wire: { up: note(records) } });
    await peer.send('last words');
    await peer.end();
    records.length = 0;
    const reader = socket.readable.getReader();
    assert.equal(text(await reader.read()), 'last words');
    assert.equal(await isPending(socket.closed), true);
    assert.deepEqual(await reader.read(), DONE);
    assert.equal(await socket.closed, undefined);
    assert.equal(await peer.text(), ' FIN');
    assert.deepEqual(records, ['alert']);
    assert.equal((await rejection(socket.writable.getWriter().write('late'))).code, 'EPIPE');
  });

  test(`with allowHalfOpen writes go on after the peer's end, in ${version}`, { timeout }, async (t) => {
    const { socket, peer } = await securePair(t, { allowHalfOpen: true, server });
    await peer.end();
    assert.deepEqual(await socket.readable.getReader().read(), DONE);
    assert.equal(await isPending(socket.closed), true);
    const receiving = peer.rest();
    const writer = socket.writable.getWriter();
    const message = randomBytes(200_000);
    await writer.write(message);
    await writer.close();
    const { bytes, end } = await receiving;
    assert.ok(bytes.equals(message));
    assert.equal(end, 'FIN');
    assert.equal(await socket.closed, undefined);
  });

  test(`a close_notify is the end, with or without a FIN, in ${version}`, { timeout }, async (t) => {
    // The FIN that follows it is not handed on, and what comes instead of it is not read.
    const junk = Buffer.from('junk that is no record at all');
    const down = (record, client) => {
      if (!isAlert(record)) return record;
      void client.send(Buffer.concat([record, junk]));
      return undefined;
    };
    const { socket, peer } = await securePair(t, { server, wire: { down } });
    await peer.send('last words');
    await peer.end();
    const reader = socket.readable.getReader();
    assert.equal(text(await reader.read()), 'last words');
    assert.deepEqual(await reader.read(), DONE);
    assert.equal(await socket.closed, undefined);
  });

  test(`a FIN without close_notify is a truncation, in ${version}`, { timeout }, async (t) => {
    const { socket, peer, plain, listener } = await securePair(t, { server });
    await peer.send('first half');
    await plain.end();
    const reader = socket.readable.getReader();
    assert.equal(text(await reader.read()), 'first half');
    const error = await rejection(reader.read());
    assert.ok(error instanceof SocketError);
    assert.equal(error.code, 'ERR_TLS_TRUNCATED');
    assert.equal(await rejection(reader.closed), error);
    assert.equal(await rejection(socket.writable.getWriter().write('late')), error);
    assert.equal(await socket.closed, undefined);
    await released(listener.port);
  });

  test(`an end in the middle of a record is a truncation, in ${version}`, { timeout }, async (t) => {
    let isCutting = false;
    const down = (record, client) => {
      if (!isCutting) return record;
      void client.send(record.subarray(0, -1)).then(() => client.end());
      return undefined;
    };
    const { socket, peer } = await securePair(t, { server, wire: { down } });
    await peer.send('first');
    const reader = socket.readable.getReader();
    assert.equal(text(await reader.read()), 'first');
    isCutting = true;
    await peer.send('second');
    assert.equal((await rejection(reader.read())).code, 'ERR_TLS_TRUNCATED');
  });
}

test('a truncation is seen by loops and pipes', { timeout }, async (t) => {
  for (const consume of [
    async (readable) => {
      for await (const _ of readable);
    },
    (readable) => readable.pipeTo(new WritableStream()),
    (readable) => new Response(readable).text(),
  ]) {
    const { socket, peer, plain } = await securePair(t);
    const consuming = outcome(consume(socket.readable));
    await peer.send('first half');
    await plain.end();
    assert.equal((await consuming).error?.code, 'ERR_TLS_TRUNCATED');
  }
});

test('an end that nobody has read is no truncation when the socket is closed', { timeout }, async (t) => {
  const { socket, peer, plain } = await securePair(t);
  await peer.send('unread');
  await plain.end();
  await socket.close();
  assert.equal((await peer.rest()).bytes.length, 0);
});

test('a read that waits rejects with ECONNRESET when the peer resets', { timeout }, async (t) => {
  const { socket, plain } = await securePair(t);
  const read = socket.readable.getReader().read();
  await isPending(read);
  await plain.reset();
  const error = await rejection(read);
  assert.ok(error instanceof SocketError);
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(await socket.closed, undefined);
  assert.equal(await rejection(socket.writable.getWriter().write('late')), error);
});

test('writes that wait reject when the peer resets', { timeout }, async (t) => {
  const { socket, plain } = await securePair(t);
  const write = outcome(socket.writable.getWriter().write(new Uint8Array(4 * LARGE)));
  assert.equal(await isPending(write), true);
  await plain.reset();
  const { error } = await write;
  assert.ok(error instanceof SocketError, `${error}`);
  assert.ok(['ECONNRESET', 'EPIPE'].includes(error.code), `${error.code}`);
  assert.equal(await socket.closed, undefined);
});

test('close() delivers megabytes first, and resolves when they are sent', { timeout }, async (t) => {
  const { socket, peer, listener } = await securePair(t);
  const message = randomBytes(LARGE);
  const write = outcome(socket.writable.getWriter().write(message));
  const closing = socket.close();
  assert.equal(await isPending(closing), true);
  const { bytes, end } = await peer.rest();
  assert.ok(bytes.equals(message));
  assert.equal(end, 'FIN');
  assert.deepEqual(await write, { value: undefined });
  assert.equal(await closing, undefined);
  assert.equal(descriptorsTo(listener.port, 0), 0);
});

test('close() with unread bytes sends what was written, and its end', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  await peer.send(randomBytes(100_000));
  await socket.writable.getWriter().write('goodbye');
  await socket.close();
  assert.equal(await peer.text(), 'goodbye FIN');
});

test('a socket that is piped to itself echoes everything, and ends in good order', { timeout }, async (t) => {
  const { socket, peer } = await securePair(t);
  const piping = socket.readable.pipeTo(socket.writable);
  const message = randomBytes(LARGE);
  const answer = peer.rest();
  peer.raw.end(message);
  const { bytes, end } = await answer;
  assert.ok(bytes.equals(message));
  assert.equal(end, 'FIN');
  assert.equal(await piping, undefined);
  assert.equal(await socket.closed, undefined);
});
