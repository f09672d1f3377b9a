/**
 * The process of a peer in one round: loads an adapter, warms it up, and then times a slice of work for each line on
 * standard input. It answers each with one line of JSON, the first when it is ready.
 *
 *     node client.mjs ADAPTER TASK
 */
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { GAUGES } from './client-gauges.mjs';

/**
 * @typedef {object} Task
 * @property {string | undefined} [workload] Without it, the peer only introduces itself.
 * @property {keyof typeof GAUGES} [gauge] Looks at the process while it runs, in place of its pace.
 * @property {number} [amount] Operations of a gauge.
 * @property {import('./workloads/connect-api.mjs').Addresses} [addresses]
 * @property {number} [granularity] Amounts are multiples of it.
 * @property {number} [warmUp] Operations that are too early to be timed.
 * @property {number | undefined} [limit] No slice is longer than this many operations.
 * @property {number} [sliceSeconds] How long a slice should take, roughly.
 * @property {number} [warmUpSeconds]
 *
 * @typedef {{ version: string, runtime?: string }} Versions of the peer and of what it runs on
 *
 * @typedef {object} Abilities
 * @property {string[]} workloads
 * @property {string[] | undefined} [gauges] methods
 *
 * @typedef {Versions & Abilities & { pids?: number[] }} Introduction `pids` are other processes that do the work.
 *
 * @typedef {object} Slice
 * @property {number} amount operations
 * @property {number} seconds by the client's clock
 * @property {number} [cpuSeconds] CPU time of the client, the kernel's part included
 */

const [adapter, json] = process.argv.slice(2);
/** @type {Task} */
const task = JSON.parse(json);
const {
  version,
  runtime = `Node ${process.version}`,
  workloads,
  pids,
} = await import(new URL(`peers/${adapter}`, import.meta.url).href);

const measure = task.workload === undefined ? undefined : await prepare(workloads[task.workload]);
print({
  version,
  workloads: Object.keys(workloads),
  // Where other processes do the work, there is nothing to see in this one; and what is seen elsewhere is not comparable.
  ...(pids ? { pids } : { runtime, gauges: runtime.startsWith('Node') ? Object.keys(GAUGES) : [] }),
});
if (measure) for await (const _ of createInterface({ input: process.stdin })) print(await measure());
// Whatever the peer leaves open must not keep the process.
process.stdout.write('', () => process.exit(0));

/**
 * Warms up, and gives the function that times a slice or looks at a gauge.
 *
 * @param {import('./workloads/connect-api.mjs').Workload | undefined} open
 */
async function prepare(open) {
  if (open === undefined) throw new Error(`this peer has no workload ${task.workload}`);
  if (task.gauge !== undefined) return measureGauge(task.gauge, open);
  const { granularity = 1, warmUp = 1, limit = Infinity, sliceSeconds = 0.1, warmUpSeconds = 0.2 } = task;

  // Twice the work until that takes long enough. It warms up the compiler, and the last time tells how much makes a
  // slice: peers differ by more than ten times, so a fixed amount would be too short for one and too long for another.
  let amount = warmUp;
  await time(open, amount);
  let last;
  do {
    amount = Math.min(amount * 2, limit);
    last = await time(open, amount);
  } while (last.seconds < warmUpSeconds && amount < limit);

  const wanted = Math.min((sliceSeconds / last.seconds) * amount, limit);
  const sliceAmount = Math.max(1, Math.round(wanted / granularity)) * granularity;
  return () => time(open, sliceAmount);
}

/**
 * @param {keyof typeof GAUGES} gauge
 * @param {import('./workloads/connect-api.mjs').Workload} open
 * @returns {() => Promise<{ value: number }>}
 */
function measureGauge(gauge, open) {
  const { addresses, amount = 1 } = task;
  return async () => ({ value: await GAUGES[gauge](() => open(/** @type {any} */ (addresses)), amount) });
}

/**
 * Each run has connections of its own, so that the server can tell them apart.
 *
 * @param {import('./workloads/connect-api.mjs').Workload} open
 * @param {number} amount
 * @returns {Promise<Slice>}
 */
async function time(open, amount) {
  const lane = await open(/** @type {NonNullable<Task['addresses']>} */ (task.addresses));
  const cpu = process.cpuUsage();
  const start = performance.now();
  await lane.run(amount);
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  await lane.close();
  return { amount, seconds, cpuSeconds: (user + system) / 1e6 };
}

/** @param {Introduction | Slice | { value: number }} message */
function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
