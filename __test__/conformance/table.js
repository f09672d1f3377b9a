/**
 * Prints the differential table as Markdown; `--show PATTERN` prints the outcomes and the errors of the scenarios whose topic or
 * name matches instead.
 */
import { parseArgs } from 'node:util';
import { differences } from './differences.js';
import { workerdBinary } from './run-in-workerd.js';
import { topics } from './scenarios/index.js';
import { CONCURRENCY, judge, startSuite } from './suite.js';

const { values } = parseArgs({ options: { show: { type: 'string' } } });
const wanted = new RegExp(values.show ?? '');
const binary = workerdBinary();
if (!binary) throw new Error('npm has no workerd that runs on this platform');

/** @typedef {{ topic: string, scenario: import('./harness.js').Scenario }} Entry */
/** @typedef {{ verdict: string, played: { node: any, workerd: any }, problem?: string }} Result */

/** @type {Entry[]} */
const entries = Object.entries(topics)
  .flatMap(([topic, scenarios]) => scenarios.map((scenario) => ({ topic, scenario })))
  .filter(({ topic, scenario }) => wanted.test(`${topic}: ${scenario.name}`));
/** @type {Map<Entry, Result>} */
const results = new Map();

const suite = await startSuite(binary);
try {
  const together = entries.filter(({ scenario }) => !scenario.alone);
  await Promise.all(Array.from({ length: CONCURRENCY }, () => playAll(together)));
  await playAll(entries.filter(({ scenario }) => scenario.alone));
} finally {
  await suite.stop();
}
if (values.show === undefined) printTable();
else printOutcomes();
if ([...results.values()].some(({ verdict }) => verdict === 'problem')) process.exitCode = 1;

/** Takes entries from the queue until it is empty. */
async function playAll(/** @type {Entry[]} */ queue) {
  for (let entry = queue.shift(); entry; entry = queue.shift()) {
    const played = await suite.play(entry.scenario);
    try {
      results.set(entry, { verdict: judge(entry.scenario, played), played });
    } catch (error) {
      results.set(entry, { verdict: 'problem', played, problem: /** @type {Error} */ (error).message });
    }
  }
}

function printTable() {
  const count = (/** @type {string} */ verdict, topic = '') =>
    entries.filter((entry) => results.get(entry)?.verdict === verdict && (!topic || entry.topic === topic))
      .length;
  console.log('| Topic | Scenarios | Agreements | Intended differences |\n|---|---:|---:|---:|');
  for (const [topic, { length }] of Object.entries(topics)) {
    console.log(`| ${topic} | ${length} | ${count('agreement', topic)} | ${count('difference', topic)} |`);
  }
  console.log(`| **All** | ${entries.length} | ${count('agreement')} | ${count('difference')} |`);
  console.log('\n| Contract | Why it differs from workerd | Scenarios |\n|---|---|---|');
  for (const { row, reason, scenarios } of differences) {
    console.log(`| ${row} | ${reason} | ${Object.keys(scenarios).join('; ')} |`);
  }
  const problems = entries.filter((entry) => results.get(entry)?.verdict === 'problem');
  if (problems.length > 0) console.log(`\nNot intended (${problems.length}):\n`);
  for (const entry of problems) console.log(`- ${entry.topic}: ${entry.scenario.name}`);
}

function printOutcomes() {
  for (const entry of entries) {
    const { verdict, played, problem } = /** @type {Result} */ (results.get(entry));
    console.log(`\n${entry.topic}: ${entry.scenario.name} (${verdict})`);
    for (const [runtime, { outcome, errors }] of Object.entries(played)) {
      console.log(`  ${runtime}: ${JSON.stringify(outcome)}`);
      for (const { name, code = '', message } of errors) console.log(`    ${name} ${code} ${message}`);
    }
    if (problem) console.log(`  ${problem.split('\n')[0]}`);
  }
}
