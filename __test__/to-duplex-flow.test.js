// Backpressure and idleness of a Duplex over a socket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { connect, toDuplex } from '../index.js';
import { fullBacklog } from './helpers/backlog.js';
import { timeout } from './helpers/deadline.js';
import { openDuplex } from './helpers/duplex.js';
import { isPending, turns } from './helpers/settle.js';

const MIB = 1 << 20;
const CHUNK = Buffer.alloc(65536, 'winter');

test(
  'a peer that does not read stalls the writer, and gets everything in the end',
  { timeout },
  async (t) => {
    const { duplex, peer } = await openDuplex(t);
    let written = 0;
    const write = () => {
      written += CHUNK.length;
      return duplex.write(CHUNK);
    };
    for (;;) {
      while (write());
      assert.ok(duplex.writableLength <= duplex.writableHighWaterMark + CHUNK.length);
      if (await isPending(once(duplex, 'drain'))) break;
    }
    const stalledAt = written;
    const drained = once(duplex, 'drain');
    const taken = await peer.take(stalledAt);
    await drained;
    assert.ok(taken.equals(Buffer.alloc(stalledAt, CHUNK)));
  },
);

test('the rest of a large write is not copied', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const large = Buffer.alloc(128 * MIB, 'winter');
  const before = process.memoryUsage().rss;
  const written = new Promise((resolve) => duplex.write(large, resolve));
  assert.equal(await isPending(written), true);
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < 32 * MIB, `${Math.round(growth / MIB)} MiB more`);
  let count = 0;
  peer.raw.removeAllListeners('data').on('data', ({ length }) => (count += length));
  peer.raw.resume();
  await written;
  duplex.end();
  await once(peer.raw, 'end');
  assert.equal(count, large.length);
});

for (const [way, readAll] of Object.entries({
  'a loop': async (duplex, onText) => {
    for await (const text of duplex) onText(text);
  },
  'the event readable': async (duplex, onText) => {
    duplex.on('readable', () => {
      for (let text = duplex.read(); text !== null; text = duplex.read()) onText(text);
    });
    await once(duplex, 'end');
  },
  'the event data': async (duplex, onText) => {
    await once(duplex.on('data', onText), 'end');
  },
})) {
  test(`a character in two parts comes whole to ${way}`, { timeout }, async (t) => {
    const { duplex, peer } = await openDuplex(t);
    let text = '';
    const reading = readAll(duplex.setEncoding('utf8'), (part) => (text += part));
    const [first, ...rest] = Buffer.from('é!');
    await peer.send(Buffer.of(first));
    while (duplex.bytesRead === 0) await turns(1);
    await turns(5);
    assert.equal(text, '');
    await peer.send(Buffer.from(rest));
    await peer.end();
    await reading;
    assert.equal(text, 'é!');
  });
}

test('a reader that pauses stalls the peer, and gets everything in the end', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  const size = 64 * MIB;
  const sent = peer.send(Buffer.alloc(size, CHUNK));
  assert.equal(await isPending(sent), true);
  // One chunk, read ahead.
  assert.ok(duplex.readableLength <= 65536 && duplex.bytesRead <= 65536);
  let count = 0;
  duplex.on('data', ({ length }) => {
    count += length;
    // In the middle, once more.
    if (count - length < size / 2 && count >= size / 2) duplex.pause();
  });
  await once(duplex, 'pause');
  assert.equal(await isPending(sent), true);
  duplex.resume();
  await sent;
  while (count < size) await once(duplex, 'data');
  assert.equal(count, size);
});

test(
  'timeout is emitted when nothing has happened for so long, and nothing is closed',
  { timeout },
  async (t) => {
    const { duplex, peer } = await openDuplex(t);
    const start = performance.now();
    assert.equal(duplex.setTimeout(50), duplex);
    assert.equal(duplex.timeout, 50);
    // It does not keep the event loop going by itself, but the open socket does.
    await once(duplex, 'timeout');
    assert.ok(performance.now() - start >= 49);
    assert.equal(duplex.readyState, 'open');
    peer.echo();
    duplex.write('hello');
    assert.equal(`${(await once(duplex, 'data'))[0]}`, 'hello');
    // It begins anew.
    await once(duplex, 'timeout');
  },
);

test('timeout is not emitted while something happens', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  peer.echo();
  let timeouts = 0;
  duplex.setTimeout(1000, () => timeouts++);
  for (const end = performance.now() + 1500; performance.now() < end;) {
    duplex.write('ping');
    await once(duplex, 'data');
  }
  assert.equal(timeouts, 0);
  await once(duplex, 'timeout');
  assert.equal(timeouts, 1);
});

test('a large write that makes progress is something', { timeout }, async (t) => {
  const { duplex, peer } = await openDuplex(t);
  let timeouts = 0;
  duplex.setTimeout(1000);
  duplex.on('timeout', () => timeouts++);
  const written = new Promise((resolve) => duplex.write(Buffer.alloc(32 * MIB), resolve));
  // The peer takes 2 seconds for it.
  const start = performance.now();
  for (let taken = 1; taken <= 32; taken++) {
    await peer.take(MIB);
    while (performance.now() < start + taken * 63) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await written;
  assert.equal(timeouts, 0);
});

test('timeout is emitted while connecting', { timeout }, async (t) => {
  const { address } = await fullBacklog(t);
  const duplex = toDuplex(connect(address));
  t.after(() => duplex.destroy());
  await new Promise((resolve) => duplex.setTimeout(50, resolve));
  assert.equal(duplex.connecting, true);
});

test('a timeout can be changed, and turned off', { timeout }, async (t) => {
  const { duplex } = await openDuplex(t);
  let timeouts = 0;
  const count = () => timeouts++;
  duplex.setTimeout(20, count);
  duplex.setTimeout(0, count);
  assert.deepEqual([duplex.timeout, duplex.listenerCount('timeout')], [0, 0]);
  duplex.setTimeout(3_600_000, count);
  duplex.setTimeout(30);
  await once(duplex, 'timeout');
  assert.equal(timeouts, 1);
});

test('what is no number of milliseconds throws', { timeout }, async (t) => {
  const { duplex } = await openDuplex(t);
  assert.throws(() => duplex.setTimeout(/** @type {any} */ ('50')), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => duplex.setTimeout(-1), { code: 'ERR_OUT_OF_RANGE' });
  assert.throws(() => duplex.setTimeout(Number.NaN), { code: 'ERR_OUT_OF_RANGE' });
});
