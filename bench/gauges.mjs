/** The gauges: every peer in turn, a fresh process each time. */
import { startProcess } from './process.mjs';
import { summarize } from './statistics.mjs';

/**
 * @typedef {object} GaugeResult
 * @property {string} name
 * @property {string} title
 * @property {string} unit
 * @property {GaugeEntry[]} entries one for each peer
 *
 * @typedef {object} GaugeEntry
 * @property {string} peer
 * @property {string | undefined} failure
 * @property {{ median: number, min: number, max: number, values: number[] }} [figures]
 *
 * @typedef {import('./plan.mjs').Gauge} Gauge
 * @typedef {import('./plan.mjs').ReadyPeer} ReadyPeer
 */

/**
 * @param {import('./args.mjs').Options} options
 * @param {ReadyPeer[]} peers
 * @param {import('./server.mjs').Server} server
 * @param {(line: string) => void} log
 * @returns {Promise<GaugeResult[]>}
 */
export async function readGauges(options, peers, server, log) {
  const results = [];
  for (const gauge of options.gauges) {
    const able = peers.filter(
      ({ workloads, gauges }) => workloads.includes(gauge.workload) && gauges?.includes(gauge.method),
    );
    /** @type {Map<ReadyPeer, number[]>} */
    const values = new Map(able.map((peer) => [peer, []]));
    /** @type {Map<ReadyPeer, string>} */
    const failures = new Map();
    for (let number = 1; number <= options.gaugeRounds; number++) {
      for (const peer of able.filter((peer) => !failures.has(peer))) {
        try {
          const value = await read(gauge, peer, server, options);
          values.get(peer)?.push(value);
          log(`${gauge.name} ${peer.name} ${value.toFixed(1)} ${gauge.unit}`);
        } catch (error) {
          failures.set(peer, /** @type {Error} */ (error).message);
          log(`${gauge.name} ${peer.name} failed: ${failures.get(peer)}`);
        }
      }
    }
    const { name, title, unit } = gauge;
    const entries = peers.map((peer) => entry(peer.name, values.get(peer) ?? [], failures.get(peer)));
    results.push({ name, title, unit, entries });
  }
  return results;
}

/**
 * @param {Gauge} gauge
 * @param {ReadyPeer} peer
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<number>}
 */
async function read({ workload, method, amount }, peer, { addresses }, options) {
  const child = startProcess(peer.command({ workload, gauge: method, amount, addresses }, options));
  try {
    await child.answer();
    return (await child.answer('read')).value;
  } finally {
    await child.stop();
  }
}

/**
 * @param {string} peer
 * @param {number[]} values
 * @param {string | undefined} failure
 * @returns {GaugeEntry}
 */
function entry(peer, values, failure) {
  return { peer, failure, ...(values.length > 0 && { figures: { ...summarize(values), values } }) };
}
