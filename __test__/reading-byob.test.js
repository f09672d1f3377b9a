import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { isPending, rejection, turns } from './helpers/settle.js';

const text = (view) => new TextDecoder().decode(view);

test('a read fills the view that it was given', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('hello');
  const view = new Uint8Array(16);
  const { buffer } = view;
  const { value, done } = await socket.readable.getReader({ mode: 'byob' }).read(view);
  assert.equal(done, false);
  assert.equal(text(value), 'hello');
  assert.deepEqual([value.byteOffset, value.byteLength, value.buffer.byteLength], [0, 5, 16]);
  // The buffer was transferred, as the standard has it.
  assert.equal(view.byteLength, 0);
  assert.equal(buffer.byteLength, 0);
});

test('a read leaves alone what lies around the view', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('hello, world');
  const all = new Uint8Array(32).fill(0xee);
  const { value } = await socket.readable.getReader({ mode: 'byob' }).read(all.subarray(7, 12));
  assert.equal(text(value), 'hello');
  assert.deepEqual([value.byteOffset, value.byteLength, value.buffer.byteLength], [7, 5, 32]);
  const around = new Uint8Array(value.buffer);
  assert.ok(around.subarray(0, 7).every((byte) => byte === 0xee));
  assert.ok(around.subarray(12).every((byte) => byte === 0xee));
});

test('a read takes a DataView with an odd offset', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send(Buffer.from([1, 2, 3]));
  const { value } = await socket.readable
    .getReader({ mode: 'byob' })
    .read(new DataView(new ArrayBuffer(16), 3, 5));
  assert.ok(value instanceof DataView);
  assert.deepEqual([value.byteOffset, value.byteLength], [3, 3]);
  assert.deepEqual([value.getUint8(0), value.getUint8(2)], [1, 3]);
});

test(
  'a read into a Uint16Array gives whole elements, and keeps the odd byte for the next one',
  { timeout },
  async (t) => {
    const { socket, peer } = await pair(t);
    const reader = socket.readable.getReader({ mode: 'byob' });
    await peer.send(Buffer.from([1, 0, 2, 0, 3]));
    const first = await reader.read(new Uint16Array(4));
    assert.ok(first.value instanceof Uint16Array);
    assert.deepEqual([...first.value], [1, 2]);
    const second = reader.read(new Uint16Array(4));
    await peer.send(Buffer.from([0, 4, 0]));
    assert.deepEqual([...(await second).value], [3, 4]);
  },
);

test('a read into a Uint16Array waits for the second byte', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const read = socket.readable.getReader({ mode: 'byob' }).read(new Uint16Array(2));
  await peer.send(Buffer.from([5]));
  assert.equal(await isPending(read), true);
  await peer.send(Buffer.from([0]));
  assert.deepEqual([...(await read).value], [5]);
});

for (const [name, make] of [
  ['Int8Array', (buffer) => new Int8Array(buffer, 8, 8)],
  ['Uint8ClampedArray', (buffer) => new Uint8ClampedArray(buffer, 8, 8)],
  ['Int32Array', (buffer) => new Int32Array(buffer, 8, 2)],
  ['Float64Array', (buffer) => new Float64Array(buffer, 8, 1)],
  ['BigUint64Array', (buffer) => new BigUint64Array(buffer, 8, 1)],
]) {
  test(`a read takes a ${name}`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    await peer.send(Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]));
    const { value } = await socket.readable.getReader({ mode: 'byob' }).read(make(new ArrayBuffer(24)));
    assert.equal(value.constructor.name, name);
    assert.deepEqual([value.byteOffset, value.byteLength], [8, 8]);
    assert.deepEqual([...new Uint8Array(value.buffer, 8, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
  });
}

test('a Buffer of its own memory can be given, and comes back as one', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('hello');
  const { value } = await socket.readable.getReader({ mode: 'byob' }).read(Buffer.allocUnsafeSlow(8));
  assert.equal(text(value), 'hello');
});

test('views that are larger than what has arrived get what has arrived', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(100_000);
  await peer.send(data);
  await turns(5);
  const { value } = await socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(1 << 20));
  assert.equal(value.byteLength, data.length);
  assert.ok(Buffer.from(value).equals(data));
});

test('the buffer can be used again for the next read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(1 << 20);
  const sent = peer.send(data).then(() => peer.end());
  const reader = socket.readable.getReader({ mode: 'byob' });
  const received = [];
  let buffer = new ArrayBuffer(10_007);
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) break;
    received.push(value.slice());
    buffer = value.buffer;
  }
  await sent;
  assert.ok(Buffer.concat(received).equals(data));
});

test('several reads that wait are served in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const reads = Array.from({ length: 3 }, () => reader.read(new Uint8Array(2)));
  await peer.send('aabbc');
  const [first, second, third] = await Promise.all(reads);
  assert.deepEqual([text(first.value), text(second.value), text(third.value)], ['aa', 'bb', 'c']);
});

test('an empty view and a detached one are TypeErrors, and lose nothing', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('hello');
  const reader = socket.readable.getReader({ mode: 'byob' });
  const detached = new Uint8Array(8);
  structuredClone(detached, { transfer: [detached.buffer] });
  assert.ok((await rejection(reader.read(new Uint8Array(0)))) instanceof TypeError);
  assert.ok((await rejection(reader.read(detached))) instanceof TypeError);
  assert.equal(text((await reader.read(new Uint8Array(8))).value), 'hello');
});

test('the end gives an empty view of the buffer, and so does each later read', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.end();
  const reader = socket.readable.getReader({ mode: 'byob' });
  for (let i = 0; i < 2; i++) {
    const { value, done } = await reader.read(new Uint8Array(new ArrayBuffer(16), 4, 8));
    assert.equal(done, true);
    assert.deepEqual([value.byteOffset, value.byteLength, value.buffer.byteLength], [4, 0, 16]);
  }
});

test('min waits until so many elements are there', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const read = reader.read(new Uint8Array(8), { min: 4 });
  await peer.send('ab');
  assert.equal(await isPending(read), true);
  await peer.send('cde');
  assert.equal(text((await read).value), 'abcde');
});

test('min at the end gives what there is', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const read = reader.read(new Uint8Array(8), { min: 4 });
  await peer.send('ab');
  await peer.end();
  assert.equal(text((await read).value), 'ab');
  assert.equal((await reader.read(new Uint8Array(8))).done, true);
  assert.equal(await socket.closed, undefined);
});

test('close() in the middle of a read with min is in order', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader({ mode: 'byob' });
  const read = reader.read(new Uint8Array(8), { min: 4 });
  await peer.send('ab');
  await isPending(read);
  assert.equal(await socket.close(), undefined);
  const { value } = await read;
  // What had arrived may be handed out or dropped; nothing else may come.
  assert.ok(['', 'ab'].includes(text(value)));
});
