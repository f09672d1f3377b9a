// How many promises a read and a write make. Those of `await` are not counted: the user may do without.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { timeout } from '../helpers/deadline.js';
import { measure } from './helpers/measure.js';
import { listen, skip } from './helpers/peers.js';

const COUNT = 1000;

/** With a `peer` of this kind, or on bare streams if there is none. */
async function promisesPer(t, service, workload, { count = COUNT, isFast } = {}) {
  const peer = service && (await listen(t, service));
  const what = { peer, workload, meter: 'promises', warmUp: 20, count };
  const { promises, awaits, trips, reads, writes } = await measure(t, what, { isFast });
  const perOperation = (promises - awaits) / (trips ?? writes ?? reads);
  t.diagnostic(`${perOperation.toFixed(3)} promises`);
  return perOperation;
}

/** The few that the loop makes for itself don't show. */
const rounded = (count) => Number(count.toFixed(1));

describe('promises', { concurrency: 2 }, () => {
  // What the interface demands, and nothing else.
  test('a write and a read that waits make one each, on the short way', { timeout }, async (t) => {
    assert.equal(rounded(await promisesPer(t, 'echo', 'roundTrips', { isFast: true })), 2);
  });

  test('a read from a peer that always sends makes one, on the short way', { timeout }, async (t) => {
    assert.equal(rounded(await promisesPer(t, 'flood', 'reads', { isFast: true })), 1);
  });

  // The result of a write, and for one in eight the read that waits for the peer's answer.
  test('a write of 64 KiB makes one, on the short way', { skip, timeout }, async (t) => {
    const perWrite = await promisesPer(t, 'sink', 'upload', { count: 50, isFast: true });
    assert.equal(rounded(perWrite - 1 / 8), 1);
  });

  // One in 62 is finished in a later turn, by the stream, which takes 5 more on Node 20: 1.08.
  test('a write of 1 KiB makes at most 1.1, on the short way', { skip, timeout }, async (t) => {
    const perWrite = await promisesPer(t, 'sink', 'smallWrites', { count: 10, isFast: true });
    assert.ok(perWrite >= 1 && perWrite <= 1.1, `${perWrite}`);
  });

  test(
    'a write and a read of the streams make no more than those of bare streams',
    { timeout },
    async (t) => {
      const ours = await promisesPer(t, 'echo', 'roundTrips', { isFast: false });
      const bare = await promisesPer(t, undefined, 'roundTrips');
      assert.ok(ours <= bare, `${ours} are more than ${bare}`);
    },
  );
});
