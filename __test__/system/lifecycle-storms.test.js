// Processes and threads that end at random moments, with connections in all stages of their lives.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { needsLinux } from './helpers/platform.js';
import { run, start } from './helpers/program.js';
import { matrix } from './programs/lifecycle/matrix.js';

const isLong = process.env.WINTER_SOCKETS_LONG === '1';

/** How many processes for each way to end, and how many workers. */
const PROCESSES = isLong ? 100 : 3;
const WORKERS = isLong ? 500 : 24;

/** At most so many steps of the connections; then all of them have gone round a few times. */
const MOST_STEPS = 400;

/** Milliseconds after which a worker is terminated: it takes some to begin. */
const MOST_DELAY = 250;

const seed = Number(process.env.WINTER_SOCKETS_SEED ?? 20);
const random = generator(seed);

matrix('random moments', [
  ...[
    ['exits', 'process.exit()', [7, null]],
    ['exits later', 'process.exit() from another turn', [7, null]],
    ['throws', 'an uncaught exception', [1, null]],
    ['rejects', 'an unhandled rejection', [1, null]],
    ['aborts a read', 'an exception between two steps of a stream', [1, null]],
  ].map(([how, words, ending]) => ({
    name: `${PROCESSES} processes that end by ${words} at random moments end with nothing else`,
    async run(t) {
      const ports = await servers(t);
      t.diagnostic(`seed ${seed}`);
      const steps = Array.from({ length: PROCESSES }, () => 1 + Math.floor(random() * MOST_STEPS));
      const lane = async () => {
        for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
          const data = { ports, how, step };
          const { code, signal, output } = await start(t, 'lifecycle/ends-at-random', data).ended;
          const text = `step ${step} of seed ${seed}: ${output}`;
          assert.deepEqual([code, signal], ending, text);
          if (code === 7) assert.equal(output, '', text);
          else assert.match(output, /Error: on purpose/, text);
        }
      };
      await Promise.all([lane(), lane(), lane()]);
      return `${code(ending)}, ${PROCESSES} times`;
    },
  })),
  {
    name: `A storm of ${WORKERS} workers that start and end at random moments leaves nothing behind`,
    ...(needsLinux && { not: needsLinux }),
    async run(t) {
      const ports = await servers(t);
      t.diagnostic(`seed ${seed}`);
      const steps = Array.from({ length: WORKERS }, () => 1 + Math.floor(random() * MOST_STEPS));
      const delays = Array.from({ length: WORKERS }, () => Math.floor(random() * MOST_DELAY));
      const data = { ports, workers: WORKERS, atOnce: 4, steps, delays };
      const { before, after, links, outcomes, word } = await run(t, 'lifecycle/storm', data);
      assert.equal(after, before, `open in the end: ${links.join(' ')}`);
      assert.equal(word, 'still here');
      // One that is terminated before it has begun may count as ended well.
      delete outcomes['is terminated: 0'];
      delete outcomes['is terminated: 1'];
      assert.deepEqual(Object.keys(outcomes).sort(), [
        'exits later: 7',
        'exits: 7',
        'is terminated when it is busy: 1',
        'rejects: 1 on purpose',
        'throws: 1 on purpose',
      ]);
      return `descriptors ${before} before and ${after} after`;
    },
  },
]);

const code = ([number]) => `exit code ${number}`;

/** Servers in a process of their own. */
async function servers(t) {
  const child = fork(fileURLToPath(new URL('../../scripts/soak/servers.mjs', import.meta.url)));
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [ports] = await once(child, 'message');
  return ports;
}

/** Numbers from 0 to 1 that a seed decides. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
