// Memory that a read and a write allocate: what there is more of at the end, when nothing has been collected.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { timeout } from '../helpers/deadline.js';
import { measure } from './helpers/measure.js';
import { listen, skip } from './helpers/peers.js';

/** Code that is compiled allocates less, but when that happens is a matter of luck. */
const flags = ['--jitless'];

/** With a `peer` of this kind, or on bare streams if there is none. */
async function memoryOf(t, service, workload, { count, isFast }) {
  const peer = service && (await listen(t, service));
  const what = { peer, workload, meter: 'memory', warmUp: 100, count };
  if (count < what.warmUp) what.warmUp = 4;
  const { heap, buffers, collections, ...done } = await measure(t, what, { flags, isFast });
  assert.equal(collections, 0, 'garbage was collected');
  const perOperation = heap / (done.trips ?? done.writes ?? done.reads);
  t.diagnostic(`${perOperation.toFixed(0)} bytes of heap, ${buffers} bytes of ArrayBuffers in all`);
  // What goes through a byte stream is transferred, which takes it out of the heap.
  return { heap: perOperation, buffers, bytes: done.bytes - (isFast ? done.small : 0) };
}

/** But for the memory that lies ready for the next chunk, at the beginning or at the end. */
function assertSame(buffers, bytes) {
  assert.ok(Math.abs(buffers - bytes) <= 65536, `${buffers} bytes of ArrayBuffers for ${bytes}`);
}

// The heap has promises, results, and what `await` needs. Measured on Node 20 to 26; the most of it, with a fifth on top.
describe('memory', { concurrency: 2 }, () => {
  test('a round trip of 64 bytes takes at most 1800 bytes of heap', { timeout }, async (t) => {
    const { heap, buffers } = await memoryOf(t, 'echo', 'roundTrips', { count: 4000, isFast: true });
    assert.ok(heap <= 1800, `${heap}`);
    // So small an array lies in the heap itself.
    assert.equal(buffers, 0);
  });

  test('a chunk of a download is memory of its own size, and 1350 bytes of heap', { timeout }, async (t) => {
    const { heap, buffers, bytes } = await memoryOf(t, 'source', 'download', { count: 32, isFast: true });
    assert.ok(heap <= 1350, `${heap}`);
    assertSame(buffers, bytes);
  });

  test('so it is for the streams', { timeout }, async (t) => {
    const { buffers, bytes } = await memoryOf(t, 'source', 'download', { count: 32, isFast: false });
    assertSame(buffers, bytes);
  });

  test(
    'a write of 64 KiB takes at most 610 bytes of heap, and no ArrayBuffer',
    { skip, timeout },
    async (t) => {
      const { heap, buffers } = await memoryOf(t, 'sink', 'upload', { count: 50, isFast: true });
      assert.ok(heap <= 610, `${heap}`);
      assert.equal(buffers, 0);
    },
  );

  test(
    'a write of 1 KiB takes at most 440 bytes of heap, and no ArrayBuffer',
    { skip, timeout },
    async (t) => {
      const { heap, buffers } = await memoryOf(t, 'sink', 'smallWrites', { count: 20, isFast: true });
      assert.ok(heap <= 440, `${heap}`);
      assert.equal(buffers, 0);
    },
  );

  test('a round trip of the streams takes no more heap than one of bare streams', { timeout }, async (t) => {
    const ours = await memoryOf(t, 'echo', 'roundTrips', { count: 2000, isFast: false });
    const bare = await memoryOf(t, undefined, 'roundTrips', { count: 2000 });
    assert.ok(ours.heap <= bare.heap, `${ours.heap} are more than ${bare.heap}`);
  });
});
