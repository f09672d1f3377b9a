// Runs random sequences in a process of its own, many at a time:
//
//   node --expose-gc __test__/model/run.js seed=1 runs=1000 lanes=100
//   node --expose-gc __test__/model/run.js seed=1 path=17       one of them, as a failure tells
//
// With one lane the descriptors are counted after each sequence, else in the end. The last line is the result as JSON.

import { readdirSync, readlinkSync } from 'node:fs';

import fc from 'fast-check';

import { turns } from '../helpers/settle.js';

import { anyProgram, run } from './program.js';
import { DEADLINE } from './sequence.js';

/** While a failure is made smaller, attempts run alone, and so they need less time. */
const DEADLINE_ALONE = 1500;

/** For so many milliseconds. */
const SHRINKING = 20_000;

/** So often an attempt has to pass, because some failures are a matter of luck. */
const ATTEMPTS = 3;

const args = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split('=')));
const { path } = args;
const seed = Number(args.seed);
const runs = path === undefined ? Number(args.runs) : 1;
const lanes = path === undefined ? Math.min(Number(args.lanes ?? 1), runs) : 1;

/** What became of the promises, and how many steps there were. @type {Record<string, number>} */
const outcomes = {};
let sequences = 0;
/** The failure as it was found; the other lanes stop. @type {{ lane: number, error: Error } | undefined} */
let failed;
/** When it does not have to be made smaller any more. @type {number | undefined} */
let enough;
/** How many lanes are at work. */
let busy = 0;
/** @type {string | undefined} */
let unhandled;

process.on('unhandledRejection', (error) => {
  unhandled ??= `unhandled rejection: ${error instanceof Error ? error.stack : error}`;
});

let expected = descriptors();

const start = performance.now();
const failure = await runAll();
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ sequences, seconds, failure, outcomes }));
process.exit(failure === undefined ? 0 : 1);

async function runAll() {
  const share = (lane) => Math.floor(runs / lanes) + (lane < runs % lanes ? 1 : 0);
  const failures = Array.from({ length: lanes }, (_, lane) => runLane(lane, share(lane)));
  const isFailure = (promise) => promise.then((failure) => failure ?? never());
  const all = Promise.all(failures).then(() => undefined);
  return (await Promise.race([...failures.map(isFailure), all])) ?? leftOver();
}

/** @returns {Promise<string | undefined>} The failure, as small as it could be made. */
async function runLane(lane, numRuns) {
  // As far from each other as their programs.
  const laneSeed = path === undefined ? (seed + Math.imul(lane, 0x9e3779b1)) | 0 : seed;
  const property = fc.asyncProperty(anyProgram(), async (program) => {
    if (failed !== undefined) return failed.lane === lane ? runAgain(program) : never();
    const error = await runOne(program);
    if (failed !== undefined) await never();
    if (error === undefined) return;
    failed = { lane, error };
    throw error;
  });
  const details = await fc.check(property, { seed: laneSeed, numRuns, ...(path && { path }) });
  if (!details.failed) return undefined;
  // What the steps are made smaller to depends on how they ran; a path of one number repeats them all.
  const again = `seed=${laneSeed} path=${details.counterexamplePath?.split(':')[0]}`;
  const { message } = /** @type {Error} */ (details.errorInstance);
  const found = failed.error.message === message ? '' : `\n\nfirst it was: ${failed.error.message}`;
  return `${message}${found}\n\nmade smaller ${details.numShrinks} times; again: node --expose-gc __test__/model/run.js ${again}`;
}

/** @returns {Promise<Error | undefined>} The failure. */
async function runOne(program) {
  const isAlone = lanes === 1 || failed !== undefined;
  busy++;
  try {
    const outcome = await run(program, isAlone ? DEADLINE_ALONE : DEADLINE, () => leftBehind(isAlone));
    for (const [name, count] of Object.entries(outcome)) outcomes[name] = (outcomes[name] ?? 0) + count;
    sequences++;
  } catch (error) {
    return error;
  } finally {
    busy--;
  }
}

/** Runs a smaller program than the one that failed. */
async function runAgain(program) {
  if (enough === undefined) {
    while (busy > 0) await turns(10);
    expected = descriptors();
    enough = performance.now() + SHRINKING;
  }
  for (let attempt = 0; attempt < ATTEMPTS && performance.now() < enough; attempt++) {
    const error = await runOne(program);
    if (error !== undefined && kind(error) === kind(failed.error)) throw error;
  }
}

/** What went wrong, without its details: a smaller program is to fail for the same reason. */
function kind({ message }) {
  return message.split(/[\n;]/)[0].replaceAll(/\d+|pending.*/g, '');
}

/** What a sequence should have seen to. @returns {Promise<string | undefined>} */
async function leftBehind(isAlone) {
  await turns(1);
  const rejection = unhandled;
  unhandled = undefined;
  return rejection ?? (isAlone ? leftOver() : undefined);
}

/** Descriptors that are not closed, in a while. @returns {Promise<string | undefined>} */
async function leftOver() {
  const late = performance.now() + DEADLINE_ALONE;
  while (descriptors() > expected) {
    if (performance.now() > late) {
      const left = descriptors() - expected;
      // The next one may do better.
      expected += left;
      return `${left} sockets are left`;
    }
    await turns(10);
  }
}

/** How many sockets are not Node's own; only Linux tells. */
function descriptors() {
  if (process.platform !== 'linux') return 0;
  const ofNode = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
  return readdirSync('/proc/self/fd').filter(isSocket).length - ofNode.length;
}

function isSocket(descriptor) {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    // The one that the folder was read by.
    return false;
  }
}

function never() {
  return new Promise(() => {});
}
