// The fast reader and writer do what the stream's own do, in the same order. Random programs run on both, the same ones each
// time; WINTER_SOCKETS_SEED=… makes others, WINTER_SOCKETS_RUNS=… more, and WINTER_SOCKETS_SHRINK=1 finds the smallest that
// fails.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

const seed = Number(process.env.WINTER_SOCKETS_SEED ?? 20);
const numRuns = Number(process.env.WINTER_SOCKETS_RUNS ?? 1000);

test('random programs of stream operations show the same with the fast path and without', async (t) => {
  t.diagnostic(`WINTER_SOCKETS_SEED=${seed}, ${numRuns} programs`);
  const fast = start(t, '1');
  const ordinary = start(t, '0');
  let steps = 0;
  let results = 0;

  const property = fc.asyncProperty(anyProgram(), async (program) => {
    const [got, expected] = await both(program);
    steps += program.steps.length;
    results += got.readable.length + got.writable.length;
    assert.deepEqual(got, expected);
  });
  /** The two records. The kernel may take a turn longer than usual to deliver something: what differs for good differs again. */
  async function both(program) {
    let records;
    for (let attempt = 0; attempt < 8; attempt++) {
      records = await Promise.all([run(fast, program), run(ordinary, program)]);
      if (isDeepStrictEqual(...records)) break;
    }
    return records;
  }
  await fc.assert(property, {
    seed,
    numRuns,
    endOnFailure: !process.env.WINTER_SOCKETS_SHRINK,
    includeErrorInReport: true,
  });
  t.diagnostic(`${steps} steps, ${results} outcomes`);
  assert.ok(results > numRuns, 'the programs did nothing');
});

function start(t, fastPath) {
  const program = fileURLToPath(new URL('./helpers/stream-program.js', import.meta.url));
  const env = { ...process.env, WINTER_SOCKETS_FAST_PATH: fastPath };
  const child = fork(program, { env, execArgv: [] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function run(on, program) {
  on.send(program);
  const [record] = await once(on, 'message', { signal: AbortSignal.timeout(10_000) });
  return record;
}

/** How most programs begin; without a reader and a writer little happens. */
const OPENING = [['getReader'], ['getWriter'], ['settle']];

function anyProgram() {
  return fc.record({
    options: fc.record(
      { allowHalfOpen: fc.boolean(), highWaterMark: fc.constantFrom(1, 1000, 1e6) },
      { requiredKeys: [] },
    ),
    steps: fc
      .tuple(fc.subarray(OPENING), fc.array(anyStep(), { minLength: 4, maxLength: 40, size: 'max' }))
      .map(([opening, steps]) => [...opening, ...steps]),
  });
}

/** Steps by how often they come; what ends things is rare, so that programs live for a while. */
function anyStep() {
  const size = fc.constantFrom(1, 10, 500, 5000);
  const step = (weight, name, argument) => ({
    weight,
    arbitrary: argument === undefined ? fc.constant([name]) : argument.map((value) => [name, value]),
  });
  return fc.oneof(
    step(20, 'settle'),
    step(10, 'tick'),
    step(10, 'getReader'),
    step(3, 'getByobReader'),
    step(25, 'read', size),
    step(5, 'releaseReader'),
    step(1, 'cancelReader'),
    step(1, 'cancelStream'),
    step(1, 'tee'),
    step(1, 'iterate'),
    step(10, 'getWriter'),
    step(12, 'write', fc.constantFrom(0, 1, 100, 20_000, 4_000_000)),
    step(3, 'writeText', fc.constantFrom('', 'a', 'héllo')),
    step(1, 'writeNonsense'),
    step(5, 'ready'),
    step(1, 'closeWriter'),
    step(1, 'abortWriter'),
    step(4, 'releaseWriter'),
    step(1, 'pipe'),
    step(1, 'closeSocket'),
    step(1, 'closeSocketWith'),
    step(20, 'peerSends', size),
    step(1, 'peerEnds'),
    step(1, 'peerResets'),
    step(2, 'peerStalls'),
    step(3, 'peerGoesOn'),
  );
}
