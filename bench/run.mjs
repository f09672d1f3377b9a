/** The benchmark: `npm run bench`. README.md tells what is measured and how to read it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { readOptions } from './args.mjs';
import { nodeBinary } from './binaries.mjs';
import { readGauges } from './gauges.mjs';
import { describeMachine } from './machine.mjs';
import { findObstacles } from './obstacles.mjs';
import { report } from './report.mjs';
import { assemble } from './result.mjs';
import { probe } from './round.mjs';
import { playRounds } from './rounds.mjs';
import { buildCrate, startServer } from './server.mjs';

/**
 * @typedef {import('./args.mjs').Options} Options
 * @typedef {import('./result.mjs').Result} Result
 */

const RESULTS = new URL('results/', import.meta.url);

const { options, omitted } = withoutObstacles(readOptions());
const path = fileURLToPath(new URL(new Date().toISOString().replaceAll(':', '-').slice(0, 19), RESULTS));
// Progress goes to stderr, so that stdout is the report and nothing else.
const log = (/** @type {string} */ line) => console.error(line);

buildCrate();
/** @type {Result[]} */
const results = [];
for (const node of nodes()) {
  results.push(await runOn(node));
  // After each, because it takes long and may be interrupted.
  save();
}
console.log(report(results));
log(`written to ${path}.{json,md}`);

/**
 * The whole plan.
 *
 * @param {string} node
 * @returns {Promise<Result>}
 */
async function runOn(node) {
  const onNode = { ...options, node };
  const date = new Date().toISOString();
  const start = performance.now();
  const machine = describeMachine();
  const { peers, ready } = await probePeers(onNode);

  const server = await startServer();
  const { rounds, gauges } = await measure(onNode, ready, server).finally(() => server.stop());

  // A peer that did not run, or not to its end, must not pass unnoticed.
  if (
    peers.some(({ problem }) => problem !== undefined) ||
    [...rounds.values(), ...gauges.flatMap(({ entries }) => entries)].some(({ failure }) => failure)
  )
    process.exitCode = 1;

  return {
    date,
    quick: options.quick,
    rounds: options.rounds,
    seconds: (performance.now() - start) / 1e3,
    machine,
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1),
    peers,
    workloads: assemble(options.workloads, ready, rounds),
    gauges,
    omitted,
  };
}

/**
 * @param {Options} options
 * @param {import('./plan.mjs').ReadyPeer[]} ready
 * @param {import('./server.mjs').Server} server
 */
async function measure(options, ready, server) {
  const rounds = await playRounds(options, ready, server, log);
  return { rounds, gauges: await readGauges(options, ready, server, log) };
}

/** @param {Options} options */
async function probePeers(options) {
  /** @type {import('./result.mjs').PeerResult[]} */
  const peers = [];
  /** @type {import('./plan.mjs').ReadyPeer[]} */
  const ready = [];
  for (const peer of options.peers) {
    const { name, title } = peer;
    try {
      const { version, runtime, workloads, gauges } = await probe(peer, options);
      peers.push({ name, title, version, runtime });
      ready.push({ ...peer, workloads, gauges });
    } catch (error) {
      const problem = /** @type {Error} */ (error).message;
      log(`${name} does not run: ${problem}`);
      peers.push({ name, title, version: '?', problem });
    }
  }
  return { peers, ready };
}

/** The binaries that are asked for, but for those that can't be had. */
function nodes() {
  if (options.nodes === undefined) return [options.node];
  return options.nodes.flatMap((major) => {
    try {
      return [nodeBinary(major)];
    } catch (error) {
      log(`Node ${major}: ${/** @type {Error} */ (error).message}`);
      process.exitCode = 1;
      return [];
    }
  });
}

/** @param {Options} options */
function withoutObstacles(options) {
  const omitted = findObstacles([...options.workloads, ...options.gauges]);
  const isPossible = (/** @type {{ name: string }} */ item) =>
    !omitted.some(({ name }) => name === item.name);
  return {
    omitted,
    options: {
      ...options,
      workloads: options.workloads.filter(isPossible),
      gauges: options.gauges.filter(isPossible),
    },
  };
}

/** Writes the results for machines and for people. */
function save() {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${path}.json`, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(`${path}.md`, report(results));
}
