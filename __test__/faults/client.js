/**
 * The process that `world.js` starts: runs scenarios of the conformance suite on our package, many at a time, and checks that
 * whatever happens to their connections
 * - every promise settles, at the latest when the connection has been reset and the socket closed;
 * - what is received is a prefix of what was sent, and all of it when it ended well;
 * - no rejection of the package's own is unhandled;
 * - no descriptor is left.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { noteUnhandled, runScenario } from '../conformance/harness.js';
import { scenarioNamed } from '../conformance/scenarios/index.js';
import { scripts } from '../conformance/scripts.js';
import { compareBytes } from './bytes.js';
import { describe, openDescriptors, openedSince } from './descriptors.js';
import { noteOrigins, originOf } from './origin.js';
import { Witness } from './witness.js';

/** @typedef {import('./world.js').Run} Run */
/** @typedef {import('./bytes.js').Command} Command */

/** Many, since a run waits most of the time. */
const CONCURRENCY = 64;

/** For whoever is stuck behind a fault; then everything is reset. */
const PATIENCE_MS = 300;

/** When everything is reset and closed, promises settle within that time, even on a machine that has much else to do. */
const DEADLINE_MS = 5000;
const ROUNDS = 250;

/** What these open is open for good, like the threads that resolve names. */
const WARM_UP = [
  'TLS opens with the address that was asked for',
  'startTls() goes on where plain text stops',
];

const { connect } = createRequire(import.meta.url)('../../index.js');
/** The run that is under way. @type {AsyncLocalStorage<string>} */
const running = new AsyncLocalStorage();
/** @type {string[]} */ const problems = [];
/** How many runs had bytes to compare. */
let compared = 0;
/** Questions to the other process. @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
const asked = new Map();
let questions = 0;
/** What each peer was told, by its stage. @type {Map<number, Command[]>} */
const told = new Map();
/** By the port they connect to. @type {Map<number, string>} */
const labels = new Map();

noteOrigins(() => running.getStore());
process.on('unhandledRejection', (reason, promise) => {
  noteUnhandled(reason);
  const { stack, context, isOfScenario } = originOf(promise);
  if (!isOfScenario) problems.push(`${context}: unhandled ${inspect(reason)}, of a promise made ${stack}`);
});
process.on('message', (/** @type {any} */ { id, value, error }) => {
  const question = asked.get(id);
  asked.delete(id);
  if (error === undefined) question?.resolve(value);
  else question?.reject(new Error(error));
});
// The other process is the only reason to live, however it ends.
process.on('disconnect', () => process.exit());
// The control channel of the peers goes the same way as all else, so that it has no connections of its own.
globalThis.fetch = /** @type {any} */ (fetchFromPeer);

const [{ runs }] = await once(process, 'message');
for (const scenario of WARM_UP) await play({ scenario, fault: { name: 'no fault', faithful: true } });
const before = openDescriptors();
compared = 0;
const queue = [...runs];
await Promise.all(Array.from({ length: CONCURRENCY }, work));
for (const left of await leftBehind()) problems.push(left);
process.send?.({ method: 'result', argument: { runs: runs.length, compared, problems } }, () =>
  process.exit(),
);

async function work() {
  for (let run = queue.shift(); run; run = queue.shift()) await play(run);
}

/** @param {Run} run */
async function play({ scenario: name, fault }) {
  const scenario = scenarioNamed(name);
  const peer = scenario.peer ?? 'recorder';
  const label = `${name} × ${fault.name}`;
  const { stage, hostname, port } = await ask('open', { scenario: name, fault, peer });
  const commands = /** @type {Command[]} */ ([]);
  told.set(stage, commands);
  labels.set(port, label);
  const witness = new Witness();
  const witnessed = (/** @type {any[]} */ ...args) => witness.socket(connect(...args));
  const where = { control: String(stage), hostname, port };
  let hasEnded = false;
  const ended = running.run(label, () => runScenario(scenario, witnessed, where, { isWorkerd: false }));
  ended.then(() => (hasEnded = true));
  await inTime(ended, fault.patience ?? PATIENCE_MS);
  const reports = await ask('close', { stage });
  // An operation that waits ends with the connection. A socket that is idle need not notice before it is closed.
  for (const what of await leftOf(() => witness.pendingOperations))
    problems.push(`${label}: a reset does not settle ${what}`);
  witness.close();
  for (const what of await leftOf(() => witness.pending))
    problems.push(`${label}: close() does not settle ${what}`);
  await until(() => hasEnded);
  if (!hasEnded) problems.push(`${label}: the scenario hangs`);
  const bytes = compareBytes({ sockets: witness.seen, peer: scripts[peer], commands, reports, fault });
  for (const problem of bytes.problems) problems.push(`${label}: ${problem}`);
  if (bytes.isCompared) compared += 1;
  told.delete(stage);
}

/**
 * What is left of a list that gets shorter, once it had the time to. It is not looked at again: a scenario may go on where
 * something has settled, and make promises of its own.
 *
 * @param {() => string[]} list
 */
async function leftOf(list) {
  /** @type {string[]} */ let left = [];
  await until(() => {
    left = list();
    return left.length === 0;
  });
  return new Set(left);
}

/** What is open and was not before, once it had the time to go. */
async function leftBehind() {
  await until(() => openedSince(before).length === 0);
  return openedSince(before).map((descriptor) => `a descriptor is left: ${describe(descriptor, labels)}`);
}

/**
 * Waits for what no event tells, because to listen for it would be to handle it. The deadline is one for processes that are
 * given the time to do something: what counts are rounds, in which both of them had their turn.
 *
 * @param {() => boolean} condition
 */
async function until(condition) {
  const end = performance.now() + DEADLINE_MS;
  for (let round = 0; !condition() && (round < ROUNDS || performance.now() < end); round += 1) {
    await delay(10);
    await ask('ping', {});
  }
}

/**
 * @param {Promise<any>} promise
 * @param {number} ms
 */
async function inTime(promise, ms) {
  const timer = new AbortController();
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const result = await Promise.race([promise.then(() => true), late]);
  timer.abort();
  return result;
}

/**
 * @param {string} method
 * @param {any} argument
 * @returns {Promise<any>}
 */
function ask(method, argument) {
  const id = questions++;
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject });
    process.send?.({ id, method, argument });
  });
}

/**
 * @param {string} control
 * @param {{ body: string }} request
 */
async function fetchFromPeer(control, { body }) {
  const command = JSON.parse(body);
  const stage = Number(control);
  told.get(stage)?.push(command);
  try {
    return new Response(JSON.stringify(await ask('command', { stage, ...command })));
  } catch (error) {
    return new Response(String(error), { status: 500 });
  }
}
