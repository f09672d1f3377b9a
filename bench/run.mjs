/** The benchmark: `npm run bench`. README.md tells what is measured and how to read it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { readOptions } from './args.mjs';
import { readGauges } from './gauges.mjs';
import { describeMachine } from './machine.mjs';
import { report } from './report.mjs';
import { assemble } from './result.mjs';
import { probe } from './round.mjs';
import { playRounds } from './rounds.mjs';
import { buildCrate, startServer } from './server.mjs';

const RESULTS = new URL('results/', import.meta.url);

const options = readOptions();
// Progress goes to stderr, so that stdout is the report and nothing else.
const log = (/** @type {string} */ line) => console.error(line);

buildCrate();
const start = performance.now();
const machine = describeMachine();
const { peers, ready } = await probePeers();

const server = await startServer();
const { results, gauges } = await measure().finally(() => server.stop());

const workloads = assemble(options.workloads, ready, results);
const { quick, rounds } = options;
const seconds = (performance.now() - start) / 1e3;
const date = new Date().toISOString();
/** @type {import('./result.mjs').Result} */
const result = { date, quick, rounds, seconds, machine, peers, workloads, gauges };
const text = report(result);
console.log(text);
log(`written to ${save()}`);

// A peer that did not run, or not to its end, must not pass unnoticed.
if (
  peers.some(({ problem }) => problem !== undefined) ||
  [...results.values(), ...gauges.flatMap(({ entries }) => entries)].some(({ failure }) => failure)
)
  process.exitCode = 1;

async function measure() {
  const results = await playRounds(options, ready, server, log);
  return { results, gauges: await readGauges(options, ready, server, log) };
}

async function probePeers() {
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

/** Writes the result for machines and for people; gives the name without its extension. */
function save() {
  const name = date.replaceAll(':', '-').slice(0, 19);
  mkdirSync(RESULTS, { recursive: true });
  const path = fileURLToPath(new URL(name, RESULTS));
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${path}.md`, text);
  return `${path}.{json,md}`;
}
