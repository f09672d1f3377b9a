/** Plays scenarios in both runtimes and judges the outcomes: shared by the test and by the table. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { differenceOf } from './differences.js';
import { PeerHub } from './peers.js';
import { startNode } from './run-in-node.js';
import { startWorkerd } from './run-in-workerd.js';

/** @typedef {import('./harness.js').Scenario} Scenario */
/** @typedef {{ outcome: any, errors: import('./harness.js').SeenError[] }} Played */

/** Scenarios that run at the same time: more would only wait for each other in workerd's one thread. */
export const CONCURRENCY = 8;

/** @param {string} binary workerd's */
export async function startSuite(binary) {
  const hub = await PeerHub.start();
  const starts = await Promise.allSettled([startNode(), startWorkerd(binary)]);
  const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const stop = async () => {
    hub.stop();
    await Promise.all(started.map((runtime) => runtime.stop()));
  };
  for (const start of starts) {
    if (start.status === 'fulfilled') continue;
    await stop();
    throw start.reason;
  }
  const [node, workerd] = started;

  /**
   * Each runtime gets a fresh peer of its own.
   *
   * @param {import('./runtime.js').Runtime} runtime
   * @param {Scenario} scenario
   * @returns {Promise<Played>}
   */
  const playIn = async (runtime, { name, peer = 'recorder' }) => {
    const where = await hub.open(peer);
    try {
      return await runtime.run(name, where);
    } finally {
      hub.close(where.id);
    }
  };
  const play = async (/** @type {Scenario} */ scenario) => {
    const [inNode, inWorkerd] = await Promise.all([playIn(node, scenario), playIn(workerd, scenario)]);
    return { node: inNode, workerd: inWorkerd };
  };
  return { node, workerd, play, stop };
}

/**
 * Whether the outcomes agree, or differ as they are meant to; throws when neither is so.
 *
 * @param {Scenario} scenario
 * @param {{ node: Played, workerd: Played }} played
 * @returns {'agreement' | 'difference'}
 */
export function judge({ name }, { node, workerd }) {
  const outcomes = { node: node.outcome, workerd: workerd.outcome };
  for (const [runtime, outcome] of Object.entries(outcomes)) {
    assert.ok(!outcome?.[FAILURE], `in ${runtime}, ${FAILURE}: ${outcome?.[FAILURE]}`);
  }
  for (const error of node.errors) checkError(error);
  const difference = differenceOf.get(name);
  if (!difference) {
    assert.deepEqual(
      outcomes.node,
      outcomes.workerd,
      'winter-sockets (actual) and workerd (expected) differ',
    );
    return 'agreement';
  }
  assert.ok(
    !isDeepStrictEqual(outcomes.node, outcomes.workerd),
    'the runtimes agree, so this difference has to leave differences.js',
  );
  const intended = { node: difference.node, workerd: difference.workerd };
  assert.deepEqual(outcomes, intended, 'the difference is not the one that differences.js lists');
  return 'difference';
}

/** What `harness.js` reports in place of an outcome. */
const FAILURE = 'the scenario itself failed';

/**
 * Outcomes only say that there was an error, because workerd's differ by nature. Ours have to be TypeErrors, and
 * SocketErrors have to have a code; errors of the scenario's own making say "mine".
 *
 * @param {import('./harness.js').SeenError} error
 */
function checkError({ name, message, code, typeError }) {
  if (message === 'mine') return;
  const shown = `${name} [${code}]: ${message}`;
  assert.ok(typeError, `no TypeError: ${shown}`);
  if (!message.startsWith('SocketError: ')) return;
  assert.equal(name, 'TypeError', shown);
  assert.equal(typeof code, 'string', `no code: ${shown}`);
}
