/**
 * The differential suite: every scenario runs in Node on our package and in real workerd, and the outcomes have to be the same,
 * unless `differences.js` says how they differ and why.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differenceOf } from './differences.js';
import { workerdBinary } from './run-in-workerd.js';
import { scenarios } from './scenarios/index.js';
import { CONCURRENCY, judge, startSuite } from './suite.js';

const binary = workerdBinary();
const skip = binary ? false : 'npm has no workerd that runs on this platform';
const counts = { agreement: 0, difference: 0 };
/** @type {Awaited<ReturnType<typeof startSuite>>} */ let suite;

if (binary) {
  before(async () => {
    suite = await startSuite(binary);
  });
  after(() => suite?.stop());
}

describe('winter-sockets and workerd do the same', { concurrency: CONCURRENCY, skip }, () => {
  for (const scenario of scenarios) if (!scenario.alone) compare(scenario);
});

test('no failure in winter-sockets up to here has surfaced as an unhandled rejection', { skip }, async () => {
  assert.deepEqual(await suite.node.unhandled(), []);
});

describe('winter-sockets and workerd do the same, one at a time', { concurrency: 1, skip }, () => {
  for (const scenario of scenarios) if (scenario.alone) compare(scenario);
});

test('there are at least 100 scenarios, each with a name of its own', () => {
  assert.ok(scenarios.length >= 100, `there are ${scenarios.length}`);
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
});

test('every intended difference belongs to a scenario', () => {
  const names = new Set(scenarios.map(({ name }) => name));
  assert.deepEqual(
    [...differenceOf.keys()].filter((name) => !names.has(name)),
    [],
  );
});

test('the differential suite in numbers', { skip }, (t) => {
  const { agreement, difference } = counts;
  t.diagnostic(`${scenarios.length} scenarios: ${agreement} agreements, ${difference} intended differences`);
});

/** @param {import('./harness.js').Scenario} scenario */
function compare(scenario) {
  const elsewhere =
    scenario.onLinux && process.platform !== 'linux' && 'it is about what the kernel of Linux does';
  test(scenario.name, { skip: elsewhere }, async () => {
    counts[judge(scenario, await suite.play(scenario))] += 1;
  });
}
