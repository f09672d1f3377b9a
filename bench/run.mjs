/** The benchmark: `npm run bench`. README.md tells what is measured and how to read it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { readOptions } from './args.mjs';
import { describeMachine } from './machine.mjs';
import { report } from './report.mjs';
import { assemble } from './result.mjs';
import { probe } from './round.mjs';
import { playRounds } from './rounds.mjs';
import { buildServer, startServer } from './server.mjs';

const RESULTS = new URL('results/', import.meta.url);

const options = readOptions();
// Progress goes to stderr, so that stdout is the report and nothing else.
const log = (/** @type {string} */ line) => console.error(line);

buildServer();
const start = performance.now();
const machine = describeMachine();
const peers = await probePeers();
const ready = options.peers.filter(({ name }) =>
  peers.some((peer) => peer.name === name && peer.problem === undefined),
);

const server = await startServer();
const results = await playRounds({ ...options, peers: ready }, server, log).finally(() => server.stop());

const workloads = assemble(options.workloads, ready, results);
const { quick, rounds } = options;
const seconds = (performance.now() - start) / 1e3;
const date = new Date().toISOString();
/** @type {import('./result.mjs').Result} */
const result = { date, quick, rounds, seconds, machine, peers, workloads };
const text = report(result);
console.log(text);
log(`written to ${save()}`);

// A peer that did not run, or not to its end, must not pass unnoticed.
if (
  peers.some(({ problem }) => problem !== undefined) ||
  [...results.values()].some(({ failure }) => failure)
)
  process.exitCode = 1;

/** @returns {Promise<import('./result.mjs').PeerResult[]>} */
async function probePeers() {
  const found = [];
  for (const peer of options.peers) {
    const { name, title } = peer;
    try {
      found.push({ name, title, ...(await probe(peer, options)) });
    } catch (error) {
      const problem = /** @type {Error} */ (error).message;
      log(`${name} does not run: ${problem}`);
      found.push({ name, title, version: '?', runtime: '?', problem });
    }
  }
  return found;
}

/** Writes the result for machines and for people; gives the name without its extension. */
function save() {
  const name = date.replaceAll(':', '-').slice(0, 19);
  mkdirSync(RESULTS, { recursive: true });
  const path = fileURLToPath(new URL(name, RESULTS));
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${path}.md`, text);
  return `${path}.{json,md}`;
}
