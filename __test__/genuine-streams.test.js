// What others find out about the streams, the readers and the writers of a socket: they are those of the platform.

import assert from 'node:assert/strict';
import { isDisturbed } from 'node:stream';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { outcome, turns } from './helpers/settle.js';

const text = ({ value }) => new TextDecoder().decode(value);

test('a stream that was read from is disturbed, and no body of a response', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  assert.equal(isDisturbed(socket.readable), false);
  const reader = socket.readable.getReader();
  assert.equal(isDisturbed(socket.readable), false);
  await peer.send('hello');
  assert.equal(text(await reader.read()), 'hello');
  assert.equal(isDisturbed(socket.readable), true);
  reader.releaseLock();
  assert.throws(() => new Response(socket.readable), TypeError);
});

test('a read that waits disturbs its stream as well', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const read = socket.readable.getReader().read();
  assert.equal(isDisturbed(socket.readable), true);
  await socket.close();
  assert.equal((await read).done, true);
});

test('the body of a response tells that it was read from', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const response = new Response(socket.readable);
  assert.equal(response.bodyUsed, false);
  const reader = response.body.getReader();
  await peer.send('hello');
  assert.equal(text(await reader.read()), 'hello');
  reader.releaseLock();
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
});

test('readers and writers are those of the platform by their constructors, too', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
  assert.equal(reader.constructor, ReadableStreamDefaultReader);
  assert.equal(writer.constructor, WritableStreamDefaultWriter);
  assert.equal(socket.readable.getReader.name, 'getReader');
  assert.equal(socket.writable.getWriter.name, 'getWriter');
});

test('methods without their reader or writer reject', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const { read } = socket.readable.getReader();
  const { write, close } = socket.writable.getWriter();
  for (const method of [read, write, close]) {
    for (const self of [undefined, null, {}, 'x']) {
      const { error } = await outcome(Reflect.apply(method, self, ['x']));
      assert.equal(error?.code, 'ERR_INVALID_THIS');
    }
  }
});

test('methods of a socket’s reader and writer serve others as well', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const { read } = socket.readable.getReader();
  const { write } = socket.writable.getWriter();
  const other = new TransformStream(undefined, undefined, { highWaterMark: 1 });
  await Reflect.apply(write, other.writable.getWriter(), ['x']);
  assert.equal((await Reflect.apply(read, other.readable.getReader(), [])).value, 'x');
});

test('reads by the platform’s own method are in line with the others', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const reader = socket.readable.getReader();
  const { read } = ReadableStreamDefaultReader.prototype;
  const reads = [reader.read()];
  await turns(1);
  reads.push(Reflect.apply(read, reader, []), reader.read());
  for (const [i, word] of ['one', 'two', 'three'].entries()) {
    await peer.send(word);
    assert.equal(text(await reads[i]), word);
  }
});

test('a chunk whose buffer can not be looked at fails the write, not the call', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const chunk = new Uint8Array(8);
  Object.defineProperty(chunk, 'buffer', {
    get() {
      throw new Error('no');
    },
  });
  const writer = socket.writable.getWriter();
  assert.equal((await outcome(writer.write(chunk))).error?.message, 'no');
  assert.equal((await outcome(writer.write('x'))).error?.message, 'no');
});
