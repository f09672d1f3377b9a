/** Rounds → the result as it is written to a file, which is all that a report needs. */
import { REFERENCES } from './peers/index.mjs';
import { cellKey, substitute } from './plan.mjs';
import { isNoisy } from './noise.mjs';
import { median, summarize } from './statistics.mjs';

/**
 * @typedef {object} Result
 * @property {string} date
 * @property {boolean} quick
 * @property {number} rounds
 * @property {number} seconds how long it all took
 * @property {import('./machine.mjs').Machine} machine
 * @property {string} node the version of Node
 * @property {PeerResult[]} peers
 * @property {WorkloadResult[]} workloads
 * @property {import('./gauges.mjs').GaugeResult[]} gauges
 * @property {import('./obstacles.mjs').Omission[]} omitted
 *
 * @typedef {{ name: string, title: string, version: string, runtime?: string | undefined, problem?: string }} PeerResult
 *
 * @typedef {object} WorkloadResult
 * @property {string} name
 * @property {string} title
 * @property {boolean} tls
 * @property {string} unit
 * @property {boolean} pinned
 * @property {Entry[]} entries one for each peer
 *
 * @typedef {object} Entry
 * @property {string} peer
 * @property {boolean} borrowed The figures are those of `insteadOf`, for lack of byte streams.
 * @property {number} repeats
 * @property {string | undefined} failure
 * @property {Figures} [figures] none when no round went through
 *
 * @typedef {object} Figures
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} serverMedian by the server's clock
 * @property {number} dirty rounds in which others used more CPU than allowed
 * @property {Record<string, Ratio>} ratios to the reference peers
 * @property {CellRound[]} rounds
 *
 * @typedef {{ median: number, min: number, max: number }} Ratio of the figures of one round, over all rounds
 *
 * @typedef {import('./rounds.mjs').CellResult['rounds'][number]} CellRound
 */

/**
 * @param {import('./plan.mjs').Workload[]} workloads
 * @param {import('./peers/index.mjs').Peer[]} peers
 * @param {import('./rounds.mjs').Results} results
 * @returns {WorkloadResult[]}
 */
export function assemble(workloads, peers, results) {
  return workloads.map((workload) => ({
    name: workload.name,
    title: workload.title,
    tls: workload.tls,
    unit: workload.unit,
    pinned: workload.pinned,
    entries: peers.map((peer) => entry(workload, peer, peers, results)),
  }));
}

/**
 * @param {import('./plan.mjs').Workload} wanted
 * @param {import('./peers/index.mjs').Peer} peer
 * @param {import('./peers/index.mjs').Peer[]} peers
 * @param {import('./rounds.mjs').Results} results
 * @returns {Entry}
 */
function entry(wanted, peer, peers, results) {
  const { borrowed, rounds, repeats, failure } = look(wanted, peer, results);
  if (rounds.length === 0) return { peer: peer.name, borrowed, repeats, failure };
  const references = peers.filter(({ name }) => REFERENCES.includes(name));
  const ratios = references
    .map((reference) => /** @type {const} */ ([reference.name, look(wanted, reference, results).rounds]))
    .filter(([, others]) => others.length > 0)
    .map(([name, others]) => [name, ratio(rounds, others)]);
  return {
    peer: peer.name,
    borrowed,
    repeats,
    failure,
    figures: {
      ...summarize(rounds.map(({ figure }) => figure)),
      serverMedian: median(rounds.map(({ serverFigure }) => serverFigure)),
      dirty: rounds.filter(({ noise }) => isNoisy(noise)).length,
      ratios: Object.fromEntries(ratios),
      rounds,
    },
  };
}

/**
 * What a peer did when this workload was asked for.
 *
 * @param {import('./plan.mjs').Workload} wanted
 * @param {import('./peers/index.mjs').Peer} peer
 * @param {import('./rounds.mjs').Results} results
 */
function look(wanted, peer, results) {
  const workload = substitute(wanted, peer);
  const result = results.get(cellKey({ workload, peer })) ?? { rounds: [], repeats: 0, failure: undefined };
  return { borrowed: workload !== wanted, ...result };
}

/**
 * Round by round, because a round's slices were taken side by side.
 *
 * @param {CellRound[]} rounds
 * @param {CellRound[]} others
 * @returns {Ratio}
 */
function ratio(rounds, others) {
  return summarize(rounds.slice(0, others.length).map(({ figure }, i) => figure / others[i].figure));
}
