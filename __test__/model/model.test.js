// Random sequences of what can be done to a socket, and of what its peer can do, against a model of `Socket` (`leg.js`).
// The seed is the same each time; WINTER_SOCKETS_SEED=… makes others, and WINTER_SOCKETS_LONG=1 more, or WINTER_SOCKETS_RUNS=…
// as many as it says. What fails is made smaller, and printed as a program, with the commands that repeat it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Each version of Node has sequences of its own: CI, which runs four of them, sees 20,000. */
const [major] = process.versions.node.split('.');
const seed = Number(process.env.WINTER_SOCKETS_SEED ?? major);
const isLong = process.env.WINTER_SOCKETS_LONG === '1';
// A few show a gross mistake at once, by hand.
const usualRuns = isLong ? 20_000 : process.env.CI ? 5000 : 400;
const runs = Number(process.env.WINTER_SOCKETS_RUNS ?? usualRuns);

/** Processes, and sequences at a time in each. */
const PROCESSES = 2;
const LANES = 100;

/** What so many sequences must have seen, or they do nothing. */
const ENOUGH = 1000;
const EXPECTED = [
  'opened resolves',
  'opened rejects',
  'closed resolves',
  'closed rejects',
  'read resolves',
  'read rejects',
  'write resolves',
  'write rejects',
  'reader.cancel resolves',
  'writer.close resolves',
  'writer.abort resolves',
  'startTls',
  'drop everything',
  'the peer sees FIN',
];

test('sequences one at a time do what the model says, and leave no descriptor', async (t) => {
  await check(t, [start(seed, Math.ceil(runs / 100), 1)]);
});

test('sequences many at a time do what the model says', async (t) => {
  const share = Math.ceil((runs * 0.99) / PROCESSES);
  await check(
    t,
    Array.from({ length: PROCESSES }, (_, i) => start(seed + 1 + i, share, LANES)),
  );
});

async function check(t, processes) {
  const settings = `WINTER_SOCKETS_SEED=${seed} WINTER_SOCKETS_RUNS=${runs}`;
  t.diagnostic(settings);
  const results = await Promise.all(processes);
  const outcomes = {};
  for (const result of results) {
    t.diagnostic(`${result.sequences} sequences in ${result.seconds.toFixed(1)} s`);
    for (const [name, count] of Object.entries(result.outcomes))
      outcomes[name] = (outcomes[name] ?? 0) + count;
  }
  for (const { failure } of results)
    if (failure !== undefined)
      assert.fail(`${failure}\n\nall of it again: ${settings} node scripts/test-js.mjs model`);
  t.diagnostic(JSON.stringify(outcomes));
  const sequences = results.reduce((sum, result) => sum + result.sequences, 0);
  const missing = sequences < ENOUGH ? [] : EXPECTED.filter((name) => !outcomes[name]);
  assert.deepEqual(missing, [], 'the sequences do too little');
}

/** Starts a process, and gives its result. */
async function start(seed, runs, lanes) {
  const program = fileURLToPath(new URL('run.js', import.meta.url));
  const args = ['--expose-gc', program, `seed=${seed}`, `runs=${runs}`, `lanes=${lanes}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const last = output.trim().split('\n').at(-1);
  if (!last?.startsWith('{')) assert.fail(`node ${args.join(' ')} ended with ${signal ?? code}`);
  return JSON.parse(last);
}
