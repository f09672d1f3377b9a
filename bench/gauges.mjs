/** The gauges: every peer in turn, a fresh process each time. */
import { importTime } from './import-time.mjs';
import { isNoisy, watchNoise } from './noise.mjs';
import { startProcess } from './process.mjs';
import { summarize } from './statistics.mjs';

/**
 * @typedef {object} GaugeResult
 * @property {string} name
 * @property {string} title
 * @property {boolean} tls
 * @property {string} unit
 * @property {GaugeEntry[]} entries one for each peer
 *
 * @typedef {object} GaugeEntry
 * @property {string} peer
 * @property {string | undefined} failure
 * @property {{ median: number, min: number, max: number, dirty: number, readings: Reading[] }} [figures]
 *
 * @typedef {{ value: number, noise: number | null }} Reading `noise`: the cores that others used meanwhile
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
    const able = peers.filter((peer) => isAble(peer, gauge));
    /** @type {Map<ReadyPeer, Reading[]>} */
    const readings = new Map(able.map((peer) => [peer, []]));
    /** @type {Map<ReadyPeer, string>} */
    const failures = new Map();
    const rounds = gauge.once ? 1 : options.gaugeRounds;
    for (let number = 1; number <= rounds; number++) {
      for (const peer of able.filter((peer) => !failures.has(peer))) {
        try {
          const reading = await read(gauge, peer, server, options);
          readings.get(peer)?.push(reading);
          const others = reading.noise === null ? '' : `; others ${reading.noise.toFixed(2)} cores`;
          log(`${gauge.name} ${peer.name} ${reading.value.toFixed(1)} ${gauge.unit}${others}`);
        } catch (error) {
          failures.set(peer, /** @type {Error} */ (error).message);
          log(`${gauge.name} ${peer.name} failed: ${failures.get(peer)}`);
        }
      }
    }
    const { name, title, tls, unit } = gauge;
    const entries = peers.map((peer) => entry(peer.name, readings.get(peer) ?? [], failures.get(peer)));
    results.push({ name, title, tls, unit, entries });
  }
  return results;
}

/**
 * @param {ReadyPeer} peer
 * @param {Gauge} gauge
 */
function isAble({ modules, workloads, gauges }, { method, workload = '' }) {
  if (method === 'import') return modules !== undefined;
  return workloads.includes(workload) && gauges?.includes(method);
}

/**
 * @param {Gauge} gauge
 * @param {ReadyPeer} peer
 * @param {import('./server.mjs').Server} server
 * @param {import('./args.mjs').Options} options
 * @returns {Promise<Reading>}
 */
async function read({ workload, method, amount }, peer, { pid, addresses }, options) {
  if (method === 'import') {
    const noiseSince = watchNoise([pid]);
    return { value: importTime(options.node, peer.modules ?? [], amount), noise: noiseSince() };
  }
  const child = startProcess(peer.command({ workload, gauge: method, amount, addresses }, options));
  try {
    await child.answer();
    const noiseSince = watchNoise([pid, child.pid]);
    const { value } = await child.answer('read');
    return { value, noise: noiseSince() };
  } finally {
    await child.stop();
  }
}

/**
 * @param {string} peer
 * @param {Reading[]} readings
 * @param {string | undefined} failure
 * @returns {GaugeEntry}
 */
function entry(peer, readings, failure) {
  if (readings.length === 0) return { peer, failure };
  const dirty = readings.filter(({ noise }) => isNoisy(noise)).length;
  return { peer, failure, figures: { ...summarize(readings.map(({ value }) => value)), dirty, readings } };
}
