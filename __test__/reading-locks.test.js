// Readers come and go; bytes stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { isPending, rejection, turns } from './helpers/settle.js';

const byob = { mode: 'byob' };
const text = (view) => new TextDecoder().decode(view);

/** Reads as much text, by as many reads as it takes. */
async function readText(reader, length) {
  let all = '';
  while (all.length < length) all += text((await reader.read()).value);
  return all;
}

test(
  'a read that waits when its lock is released rejects, and the next reader gets the bytes',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const first = socket.readable.getReader();
    const read = rejection(first.read());
    await isPending(read);
    first.releaseLock();
    assert.ok((await read) instanceof TypeError);
    const second = socket.readable.getReader();
    await peer.send('hello');
    assert.equal(text((await second.read()).value), 'hello');
  },
);

test('bytes that arrive while nobody holds the lock are not lost', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const first = socket.readable.getReader();
  const read = rejection(first.read());
  await isPending(read);
  first.releaseLock();
  await read;
  await peer.send('one');
  await isPending(socket.closed);
  await peer.send('two');
  assert.equal(await readText(socket.readable.getReader(), 6), 'onetwo');
});

test('a BYOB read that waits when its lock is released loses nothing', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const first = socket.readable.getReader(byob);
  const read = rejection(first.read(new Uint8Array(3)));
  await isPending(read);
  first.releaseLock();
  assert.ok((await read) instanceof TypeError);
  await peer.send('hello');
  assert.equal(await readText(socket.readable.getReader(), 5), 'hello');
});

test(
  'a default reader that follows a BYOB reader whose lock was released gets all, while it waits',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const first = socket.readable.getReader(byob);
    const read = rejection(first.read(new Uint16Array(4)));
    await isPending(read);
    first.releaseLock();
    await read;
    const second = socket.readable.getReader();
    const all = readText(second, 5);
    await peer.send('h');
    await peer.send('ello');
    assert.equal(await all, 'hello');
  },
);

test(
  'a BYOB reader that follows a default reader whose lock was released gets all',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const first = socket.readable.getReader();
    const read = rejection(first.read());
    await isPending(read);
    first.releaseLock();
    await read;
    const second = socket.readable.getReader(byob);
    const next = second.read(new Uint8Array(16));
    await peer.send('hello');
    assert.equal(text((await next).value), 'hello');
  },
);

for (const size of [1, 5, 70_000]) {
  const data = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');

  test(
    `a BYOB read that is given up before the stream has started loses nothing: ${size}`,
    { timeout },
    async (t) => {
      const { socket, peer } = await pair(t);
      const first = socket.readable.getReader(byob);
      const given = rejection(first.read(new Uint8Array(3)));
      first.releaseLock();
      const all = readText(socket.readable.getReader(), size);
      await given;
      await isPending(all);
      await peer.send(data);
      assert.equal(await all, data);
    },
  );

  test(
    `several reads behind a BYOB read that was given up are served in order: ${size}`,
    { timeout },
    async (t) => {
      const { socket, peer } = await pair(t);
      const first = socket.readable.getReader(byob);
      const given = rejection(first.read(new Uint8Array(3)));
      first.releaseLock();
      await given;
      await peer.send(data);
      await isPending(socket.closed);
      const second = socket.readable.getReader();
      const parts = [];
      const reads = Array.from({ length: 4 }, async (_, i) =>
        parts.push([i, text((await second.read()).value)]),
      );
      let isDone = false;
      const done = Promise.all(reads).then(() => (isDone = true));
      while (!isDone) {
        await peer.send('|');
        await turns(10);
      }
      await done;
      assert.deepEqual(
        parts.map(([i]) => i),
        [0, 1, 2, 3],
      );
      const all = parts.map(([, part]) => part).join('');
      assert.equal(all.slice(0, size), data);
      assert.match(all.slice(size), /^\|+$/);
    },
  );
}

test('readers that take turns read everything in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  let sent = '';
  let received = '';
  for (let round = 0; round < 60; round++) {
    // Some rounds release a read that waits.
    if (round % 4 === 0) {
      const reader = round % 8 === 0 ? socket.readable.getReader() : socket.readable.getReader(byob);
      const read = rejection(round % 8 === 0 ? reader.read() : reader.read(new Uint8Array(5)));
      await isPending(read);
      reader.releaseLock();
      await read;
    }
    const data = `round ${round};`;
    await peer.send(data);
    sent += data;
    while (received.length < sent.length) {
      const reader =
        received.length % 2 === 0 ? socket.readable.getReader() : socket.readable.getReader(byob);
      const { value } = await (received.length % 2 === 0 ? reader.read() : reader.read(new Uint8Array(7)));
      received += text(value);
      reader.releaseLock();
    }
    assert.equal(received, sent);
  }
});

test('the end is seen by the reader that follows one whose lock was released', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const first = socket.readable.getReader();
  const read = rejection(first.read());
  await isPending(read);
  first.releaseLock();
  await read;
  await peer.end();
  assert.deepEqual(await socket.readable.getReader().read(), { value: undefined, done: true });
  assert.equal(await socket.closed, undefined);
});

test('the end is seen although a BYOB read was given up before', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const first = socket.readable.getReader(byob);
  const read = rejection(first.read(new Uint8Array(8)));
  await isPending(read);
  first.releaseLock();
  await read;
  await peer.end();
  const { value, done } = await socket.readable.getReader(byob).read(new Uint8Array(4));
  assert.deepEqual([done, value.byteLength], [true, 0]);
  assert.equal(await socket.closed, undefined);
});

test('close() after a lock was released with a read under way is in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader(byob);
  const read = rejection(reader.read(new Uint8Array(8)));
  await isPending(read);
  reader.releaseLock();
  await read;
  assert.equal(await socket.close(), undefined);
  assert.equal((await socket.readable.getReader().read()).done, true);
  assert.equal(await peer.text(), ' FIN');
});

test('a second reader while there is one is a TypeError', { timeout }, async (t) => {
  const { socket } = await pair(t);
  socket.readable.getReader();
  assert.throws(() => socket.readable.getReader(), TypeError);
  assert.throws(() => socket.readable.getReader(byob), TypeError);
  socket.writable.getWriter();
  assert.throws(() => socket.writable.getWriter(), TypeError);
});

test('writers that take turns write everything in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  for (let i = 0; i < 20; i++) {
    const writer = socket.writable.getWriter();
    writer.write(`${i};`);
    writer.releaseLock();
  }
  await socket.close();
  assert.equal(await peer.text(), `${Array.from({ length: 20 }, (_, i) => `${i};`).join('')} FIN`);
});
