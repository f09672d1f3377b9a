// Instructions of the native binary, which neither the speed of the machine nor its load change.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { countInstructions, skip } from './helpers/callgrind.js';
import { listen } from './helpers/peers.js';

// Valgrind makes Node start in five seconds, and in a minute where others want the processor, too.
const options = { skip, timeout: 180_000 };

describe('instructions of the native binary', { concurrency: 2 }, () => {
  // Measured: 1085 and 5690, on Node 20 as on Node 26; a fifth on top, because compilers change, too.
  for (const [words, secure, most] of [
    ['', false, 1300],
    [' over TLS', true, 6800],
  ]) {
    test(`a round trip of 64 bytes${words} takes at most ${most}`, options, async (t) => {
      const peer = await listen(t, 'echo', { secure });
      const what = { peer, workload: 'roundTrips', warmUp: 20, count: 200 };
      const { done, instructions } = await countInstructions(t, what);
      const perTrip = instructions / done.trips;
      t.diagnostic(`${perTrip.toFixed(0)} instructions for each round trip`);
      assert.ok(perTrip > 0 && perTrip <= most, `${perTrip} instructions`);
    });
  }
});
