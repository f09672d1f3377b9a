// The streams of a socket together with everything that takes streams.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';
import { outcome, rejection, turns } from './helpers/settle.js';

const MEGABYTES = 4 << 20;
const hash = (data) => createHash('sha256').update(data).digest('hex');

test('pipeTo from one socket into another hands everything on, and the end', { timeout }, async (t) => {
  const [from, to] = [await pair(t), await pair(t)];
  const data = randomBytes(MEGABYTES);
  const piping = from.socket.readable.pipeTo(to.socket.writable);
  from.peer.raw.end(data);
  const { bytes, end } = await to.peer.rest();
  assert.deepEqual([hash(bytes), end], [hash(data), 'FIN']);
  assert.equal(await piping, undefined);
  assert.equal(await from.socket.closed, undefined);
});

test('two sockets piped into each other make a proxy', { timeout }, async (t) => {
  const [left, right] = [await pair(t), await pair(t)];
  // One may fail in the end: its writable ends with the peer behind it (allowHalfOpen is false).
  const piping = outcome(
    Promise.all([
      left.socket.readable.pipeTo(right.socket.writable),
      right.socket.readable.pipeTo(left.socket.writable),
    ]),
  );
  const [there, back] = [randomBytes(MEGABYTES), randomBytes(MEGABYTES)];
  const received = Promise.all([right.peer.take(MEGABYTES), left.peer.take(MEGABYTES)]);
  const sent = Promise.all([left.peer.send(there), right.peer.send(back)]);
  const [thereReceived, backReceived] = await received;
  await sent;
  assert.equal(hash(thereReceived), hash(there));
  assert.equal(hash(backReceived), hash(back));
  await Promise.all([left.peer.end(), right.peer.end()]);
  const ends = await Promise.all([left.peer.text(), right.peer.text()]);
  assert.deepEqual(ends, [' FIN', ' FIN']);
  await piping;
  assert.deepEqual(await Promise.all([left.socket.closed, right.socket.closed]), [undefined, undefined]);
});

test('pipeTo with a signal stops, and leaves the socket as it was asked to', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const abort = new AbortController();
  const chunks = [];
  let hasWritten;
  const written = new Promise((resolve) => (hasWritten = resolve));
  const sink = new WritableStream({
    write(chunk) {
      chunks.push(new TextDecoder().decode(chunk));
      hasWritten();
    },
  });
  const piping = outcome(socket.readable.pipeTo(sink, { signal: abort.signal, preventCancel: true }));
  await peer.send('one');
  await written;
  abort.abort();
  assert.equal((await piping).error.name, 'AbortError');
  await peer.send('two');
  assert.equal(new TextDecoder().decode((await socket.readable.getReader().read()).value), 'two');
  assert.deepEqual(chunks, ['one']);
});

test('pipeTo with preventClose leaves the writable open', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const source = (text) => new Blob([text]).stream();
  await source('one,').pipeTo(socket.writable, { preventClose: true });
  await source('two').pipeTo(socket.writable);
  assert.equal(await peer.text(), 'one,two FIN');
});

test('pipeThrough a TextDecoderStream joins characters that came in pieces', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const text = 'Grüße, 世界 👋';
  const all = (async () => {
    let joined = '';
    for await (const part of socket.readable.pipeThrough(new TextDecoderStream())) joined += part;
    return joined;
  })();
  for (const byte of Buffer.from(text)) {
    await peer.send(Buffer.from([byte]));
    await turns(1);
  }
  await peer.end();
  assert.equal(await all, text);
});

test('pipeThrough compression and back', { timeout }, async (t) => {
  const [from, to] = [await pair(t), await pair(t)];
  const data = Buffer.from('all work and no play '.repeat(10_000));
  const piping = from.socket.readable.pipeThrough(new CompressionStream('gzip')).pipeTo(to.socket.writable);
  from.peer.raw.end(data);
  const { bytes } = await to.peer.rest();
  await piping;
  assert.ok(bytes.length < data.length / 10);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  assert.ok(Buffer.from(await new Response(plain).arrayBuffer()).equals(data));
});

for (const [method, expected] of [
  ['text', (data) => data.toString()],
  ['arrayBuffer', (data) => new Uint8Array(data).buffer],
]) {
  test(`new Response(socket.readable).${method}() gives everything`, { timeout }, async (t) => {
    const { socket, peer } = await pair(t);
    const data = Buffer.from('0123456789'.repeat(50_000));
    const body = new Response(socket.readable)[method]();
    peer.raw.end(data);
    assert.deepEqual(await body, expected(data));
    assert.equal(await socket.closed, undefined);
  });
}

test('new Response(socket.readable).text() rejects when the connection is reset', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const body = rejection(new Response(socket.readable).text());
  await peer.send('half of');
  await turns(5);
  await peer.reset();
  assert.ok((await body) instanceof Error);
});

test('both branches of a tee get everything', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(MEGABYTES);
  const branches = socket.readable.tee();
  const bodies = branches.map((branch) => new Response(branch).arrayBuffer());
  peer.raw.end(data);
  for (const body of await Promise.all(bodies)) assert.equal(hash(Buffer.from(body)), hash(data));
  assert.equal(await socket.closed, undefined);
});

test('the branches of a tee have BYOB readers, and own what they get', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const [first, second] = socket.readable.tee();
  await peer.send('hello');
  const [one, two] = await Promise.all([
    first.getReader({ mode: 'byob' }).read(new Uint8Array(16)),
    second.getReader().read(),
  ]);
  one.value.fill(0);
  assert.equal(new TextDecoder().decode(two.value), 'hello');
});

test('a tee whose branches are both cancelled cancels the readable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const [first, second] = socket.readable.tee();
  await Promise.all([first.cancel(), second.cancel()]);
  await socket.writable.close();
  assert.equal(await peer.text(), ' FIN');
});

test('close() ends both branches of a tee', { timeout }, async (t) => {
  const { socket } = await pair(t);
  const reads = socket.readable.tee().map((branch) => branch.getReader().read());
  await turns(5);
  await socket.close();
  for (const read of reads) assert.equal((await read).done, true);
});

test('for await gives everything', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(MEGABYTES);
  peer.raw.end(data);
  const received = createHash('sha256');
  for await (const chunk of socket.readable) received.update(chunk);
  assert.equal(received.digest('hex'), hash(data));
});

test('for await with preventCancel leaves the readable to the next reader', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  await peer.send('one');
  for await (const chunk of socket.readable.values({ preventCancel: true })) {
    assert.equal(new TextDecoder().decode(chunk), 'one');
    break;
  }
  await peer.send('two');
  assert.equal(new TextDecoder().decode((await socket.readable.getReader().read()).value), 'two');
});

test('an exception in a for await cancels the readable', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const failure = new Error('stop');
  const iteration = rejection(
    (async () => {
      for await (const chunk of socket.readable) {
        assert.equal(new TextDecoder().decode(chunk), 'one');
        throw failure;
      }
    })(),
  );
  await peer.send('one');
  assert.equal(await iteration, failure);
  assert.deepEqual(await socket.readable.getReader().read(), { value: undefined, done: true });
});

test("Node's own streams can be made of both", { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const data = randomBytes(MEGABYTES);
  peer.echo();
  const received = createHash('sha256');
  await Promise.all([
    pipeline(Readable.from([data.subarray(0, 1000), data.subarray(1000)]), Writable.fromWeb(socket.writable)),
    pipeline(Readable.fromWeb(socket.readable), received),
  ]);
  assert.equal(received.digest('hex'), hash(data));
});

test('pipeTo hands on what was written last although it ends at once', { timeout }, async (t) => {
  const { socket, peer } = await pair(t);
  const source = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 100; i++) controller.enqueue(`${i};`);
      controller.close();
    },
  });
  await source.pipeTo(socket.writable);
  assert.equal(await peer.text(), `${Array.from({ length: 100 }, (_, i) => `${i};`).join('')} FIN`);
});
