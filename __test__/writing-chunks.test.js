import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { isPending, outcome, rejection, turns } from './helpers/settle.js';

const MORE_THAN_THE_KERNEL_TAKES = 64 << 20;
const bytes = [1, 2, 3, 4, 5, 6, 7, 8];
const shared = (Type = Uint8Array) => {
  const view = new Type(new SharedArrayBuffer(8));
  new Uint8Array(view.buffer).set(bytes);
  return view;
};
const buffer = () => new Uint8Array(bytes).buffer;

for (const [title, chunk, expected] of [
  ['a string', 'hello', Buffer.from('hello')],
  ['a string, as UTF-8', 'Grüße 世界 👋', Buffer.from('Grüße 世界 👋')],
  ['a string with half a character', 'a\ud800b', Buffer.from('a\ufffdb')],
  ['a string of one-byte characters beyond ASCII', '\u00ff\u0080', Buffer.from([0xc3, 0xbf, 0xc2, 0x80])],
  ['a long string', 'é'.repeat(100_000), Buffer.from('é'.repeat(100_000))],
  ['an ArrayBuffer', buffer(), bytes],
  ['a SharedArrayBuffer', shared().buffer, bytes],
  ['a Uint8Array', new Uint8Array(bytes), bytes],
  ['a Uint8Array with an offset and a length', new Uint8Array(buffer(), 2, 3), [3, 4, 5]],
  ['a Uint8Array of shared memory with an offset', shared().subarray(5), [6, 7, 8]],
  ['an Int8Array', new Int8Array([-1, 1]), [255, 1]],
  ['a Uint8ClampedArray', new Uint8ClampedArray([300, 1]), [255, 1]],
  ['a Uint16Array with an offset', new Uint16Array(buffer(), 2, 2), [3, 4, 5, 6]],
  ['an Int32Array of shared memory', shared(Int32Array), bytes],
  ['a Float64Array', new Float64Array(buffer()), bytes],
  ['a BigInt64Array', new BigInt64Array(buffer()), bytes],
  ['a DataView', new DataView(buffer()), bytes],
  ['a DataView with an odd offset and length', new DataView(buffer(), 3, 3), [4, 5, 6]],
  ['a DataView of shared memory', new DataView(shared().buffer, 1, 2), [2, 3]],
  ['a Buffer', Buffer.from(bytes), bytes],
  ['a slice of the pool of Buffer', Buffer.from('xxhelloxx').subarray(2, 7), Buffer.from('hello')],
  ['an ArrayBuffer of another realm', vm.runInNewContext('new Uint8Array([9, 8, 7]).buffer'), [9, 8, 7]],
  ['a view of another realm', vm.runInNewContext('new Uint16Array([513])'), [1, 2]],
  ['a SharedArrayBuffer of another realm', vm.runInNewContext('new SharedArrayBuffer(3)'), [0, 0, 0]],
  ['undefined', undefined, []],
  ['an empty string', '', []],
  ['an empty ArrayBuffer', new ArrayBuffer(0), []],
  ['an empty SharedArrayBuffer', new SharedArrayBuffer(0), []],
  ['an empty view', new Float32Array(0), []],
  ['an empty view in the middle', new Uint8Array(buffer(), 4, 0), []],
]) {
  test(`a write takes ${title}`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    assert.equal(await writer.write(chunk), undefined);
    // Once more behind another write, where small chunks are gathered.
    writer.write('|');
    assert.equal(await writer.write(chunk), undefined);
    await writer.close();
    const { bytes: received } = await peer.rest();
    assert.ok(
      received.equals(Buffer.concat([Buffer.from(expected), Buffer.from('|'), Buffer.from(expected)])),
    );
  });
}

test('a write takes resizable buffers, and what they measure at the time', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const resizable = new ArrayBuffer(4, { maxByteLength: 16 });
  const tracking = new Uint8Array(resizable, 2);
  tracking.set([1, 2]);
  const growable = new SharedArrayBuffer(2, { maxByteLength: 16 });
  const writer = socket.writable.getWriter();
  await writer.write(resizable);
  resizable.resize(6);
  await writer.write(tracking);
  growable.grow(3);
  await writer.write(growable);
  await writer.close();
  assert.deepEqual([...(await peer.rest()).bytes], [0, 0, 1, 2, 1, 2, 0, 0, 0, 0, 0]);
});

for (const [title, chunk] of [
  ['a number', 42],
  ['null', null],
  ['a boolean', true],
  ['a bigint', 1n],
  ['a symbol', Symbol('s')],
  ['an object', { hello: 'world' }],
  ['an array', [1, 2, 3]],
  ['a String object', new String('hello')],
  ['a function', () => 'hello'],
  ['a Date', new Date()],
  ['a Blob', new Blob(['hello'])],
  ['an object that looks like a view', { buffer: new ArrayBuffer(4), byteOffset: 0, byteLength: 4 }],
  ['a proxy of a view', new Proxy(new Uint8Array(4), {})],
]) {
  test(`a write rejects ${title} with a TypeError, which errors the writable`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    const error = await rejection(writer.write(chunk));
    assert.ok(error instanceof TypeError);
    assert.equal(await rejection(writer.write('late')), error);
    assert.equal(await rejection(writer.closed), error);
    // The readable has nothing to do with it.
    await peer.send('still here');
    const { value } = await socket.readable.getReader().read();
    assert.equal(new TextDecoder().decode(value), 'still here');
  });
}

test('with a high-water mark, too, a wrong chunk is a TypeError', { timeout }, async (t) => {
  const { socket } = await pair(t, { highWaterMark: 1024 });
  const writer = socket.writable.getWriter();
  assert.ok((await rejection(writer.write({}))) instanceof TypeError);
});

test('what was written before a wrong chunk arrives', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write('one,'), writer.write('two,'), writer.write('three')].map(outcome);
  const wrong = rejection(writer.write(42));
  for (const result of await Promise.all(writes)) assert.deepEqual(result, { value: undefined });
  assert.ok((await wrong) instanceof TypeError);
  assert.equal(`${await peer.take(13)}`, 'one,two,three');
});

test('empty writes send nothing, and resolve', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  for (let i = 0; i < 100; i++) await writer.write(i % 2 === 0 ? '' : undefined);
  await writer.write('the only one');
  await writer.close();
  assert.equal(await peer.text(), 'the only one FIN');
});

test('an empty write waits behind one that waits', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const writes = [writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)), writer.write('')];
  assert.equal(await isPending(writes[1]), true);
  await peer.take(MORE_THAN_THE_KERNEL_TAKES);
  await Promise.all(writes);
});

for (const [title, size] of [
  ['small', 8],
  ['large', 100_000],
  ['larger than what the kernel takes', MORE_THAN_THE_KERNEL_TAKES],
]) {
  test(`a ${title} chunk that is changed right after write() goes out as it was`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    const writer = socket.writable.getWriter();
    // An idle writable hands a chunk over at once, as soon as it has started.
    await turns(1);
    const chunk = new Uint8Array(size).fill(1);
    const write = writer.write(chunk);
    chunk.fill(2);
    const received = await peer.take(size);
    await write;
    assert.ok(received.every((byte) => byte === 1));
  });

  test(
    `a ${title} chunk that is transferred right after write() goes out as it was`,
    { timeout },
    async (t) => {
      const { socket, peer } = await pair(t);
      const writer = socket.writable.getWriter();
      // An idle writable hands a chunk over at once, as soon as it has started.
      await turns(1);
      const chunk = new Uint8Array(size).fill(1);
      const write = writer.write(chunk);
      structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
      const received = await peer.take(size);
      await write;
      assert.ok(received.every((byte) => byte === 1));
    },
  );
}

test('the first chunk of a writable that is changed goes out whole, either way', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const chunk = new Uint8Array(1 << 20).fill(1);
  const write = outcome(socket.writable.getWriter().write(chunk));
  chunk.fill(2);
  const received = await peer.take(chunk.length);
  assert.equal(new Set(received).size, 1);
  await write;
});

test('a chunk in the queue that is changed goes out whole, either way', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const first = outcome(writer.write(new Uint8Array(MORE_THAN_THE_KERNEL_TAKES)));
  const chunk = new Uint8Array(1 << 20).fill(1);
  const second = outcome(writer.write(chunk));
  await turns(5);
  chunk.fill(2);
  await peer.take(MORE_THAN_THE_KERNEL_TAKES);
  const received = await peer.take(chunk.length);
  assert.equal(new Set(received).size, 1);
  await Promise.all([first, second]);
});

test('gathered chunks that are changed after write() go out as they were', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const chunk = new Uint8Array(10);
  for (let i = 0; i < 100; i++) {
    chunk.fill(i);
    await writer.write(chunk);
  }
  chunk.fill(255);
  await writer.close();
  const { bytes: received } = await peer.rest();
  assert.ok(received.equals(Buffer.concat(Array.from({ length: 100 }, (_, i) => Buffer.alloc(10, i)))));
});

test('a chunk is not changed by being written', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const writer = socket.writable.getWriter();
  const chunk = Buffer.from(bytes);
  await writer.write(chunk);
  await writer.write(chunk);
  assert.deepEqual([...chunk], bytes);
  assert.deepEqual([...(await peer.take(16))], [...bytes, ...bytes]);
});
