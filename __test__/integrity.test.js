import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';

import { timeout } from './helpers/deadline.js';
import { pair } from './helpers/peer.js';

const TOTAL = 50 << 20;

/** Random numbers that can be had again. */
function generator(seed) {
  let state = seed;
  // Mulberry32.
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

/** A size that is often tiny, often about that of some buffer, and sometimes huge. */
function randomSize(random) {
  switch (random(4)) {
    case 0:
      return 1 + random(100);
    case 1:
      return 16_384 - 50 + random(100);
    case 2:
      return 65_536 - 50 + random(100);
    default:
      return 1 + random(400_000);
  }
}

/** Splits data into chunks of random sizes. */
function* split(data, random) {
  for (let offset = 0; offset < data.length;) {
    const end = Math.min(offset + randomSize(random), data.length);
    yield data.subarray(offset, end);
    offset = end;
  }
}

for (const how of ['default', 'byob', 'both']) {
  test(
    `50 MB go both ways at once, in chunks of random sizes, with reads of kind: ${how}`,
    { timeout: 2 * timeout },
    async (t) => {
      const seed = randomBytes(4).readUInt32LE();
      t.diagnostic(`seed ${seed}`);
      const random = generator(seed);
      const block = randomBytes(1 << 20);
      const data = Buffer.concat(Array.from({ length: TOTAL >> 20 }, () => block));
      for (let i = 0; i < TOTAL; i += 4096) data.writeUInt32LE(i, i);
      const expected = createHash('sha256').update(data).digest('hex');

      // Who is done first must not end the other direction.
      const { socket, peer } = await pair(t, { allowHalfOpen: true });
      const received = createHash('sha256');
      const receivedByPeer = createHash('sha256');

      const peerReads = (async () => {
        peer.raw.removeAllListeners('data');
        peer.raw.on('data', (chunk) => receivedByPeer.update(chunk));
        peer.raw.resume();
        await once(peer.raw, 'end');
      })();
      const peerWrites = (async () => {
        for (const chunk of split(data, random)) await peer.send(chunk);
        await peer.end();
      })();
      const writes = (async () => {
        const writer = socket.writable.getWriter();
        for (const chunk of split(data, random)) {
          const write = writer.write(chunk);
          // Some are awaited, some leave it to the queue.
          if (random(3) > 0) await write;
        }
        await writer.close();
      })();
      const reads = (async () => {
        const byDefault = async () => {
          const reader = socket.readable.getReader();
          const result = await reader.read();
          reader.releaseLock();
          return result;
        };
        const byob = async () => {
          const reader = socket.readable.getReader({ mode: 'byob' });
          const result = await reader.read(new Uint8Array(randomSize(random)));
          reader.releaseLock();
          return result;
        };
        for (;;) {
          const isDefault = how === 'default' || (how === 'both' && random(2) === 0);
          const { value, done } = await (isDefault ? byDefault() : byob());
          if (done) return;
          received.update(value);
        }
      })();
      await Promise.all([peerReads, peerWrites, writes, reads]);
      assert.equal(received.digest('hex'), expected);
      assert.equal(receivedByPeer.digest('hex'), expected);
      assert.equal(await socket.closed, undefined);
    },
  );
}
