/** The command line. */
import { parseArgs } from 'node:util';
import { PEERS } from './peers/index.mjs';
import { GAUGES, WORKLOADS } from './plan.mjs';

const USAGE = `Usage: npm run bench -- [options]

  --plain            the workloads without TLS
  --tls              those with TLS; without either flag both, but with --quick those without TLS
  --quick            fewer and shorter rounds; for a look, not for a claim
  --rounds N         rounds per workload (5; with --quick 2)
  --only a,b         only these: ${[...WORKLOADS, ...GAUGES].map(({ name }) => name).join(', ')}
  --peers a,b        only these peers: ${PEERS.map(({ name }) => name).join(', ')}
  --node PATH        the Node binary that the peers run on (the one that runs this script)
  --nodes 20,24,26   all of it on each of these versions of Node, from npm
  --help
`;

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {number} rounds
 * @property {number} gaugeRounds
 * @property {number} slices of each peer in a round
 * @property {number} sliceSeconds
 * @property {number} warmUpSeconds
 * @property {number} warmUpShare How much of the warm-up that a workload needs.
 * @property {number} noisePatience For how long, in seconds, rounds may be repeated that others have disturbed.
 * @property {import('./plan.mjs').Workload[]} workloads
 * @property {import('./plan.mjs').Gauge[]} gauges
 * @property {import('./peers/index.mjs').Peer[]} peers
 * @property {string} node
 * @property {string[] | undefined} nodes major versions, in place of `node`
 */

/**
 * Options from the command line; ends the process when they are wrong or only help is wanted.
 *
 * @returns {Options}
 */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        tls: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string', multiple: true },
        peers: { type: 'string', multiple: true },
        node: { type: 'string', default: process.execPath },
        nodes: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const { quick, node } = values;
    const tls = values.tls || (!values.plain && !quick);
    const plain = values.plain || !values.tls;
    const wanted = [...WORKLOADS, ...GAUGES.filter(({ isLong }) => !(quick && isLong))].filter((item) =>
      item.tls ? tls : plain,
    );
    const nodes = values.nodes?.split(',');
    if (nodes?.some((name) => !/^\d+$/.test(name))) throw new Error('--nodes are major versions, like 20,24');
    const chosen = values.only ? pick('--only', [...WORKLOADS, ...GAUGES], values.only) : wanted;
    const rounds = Number(values.rounds ?? (quick ? 2 : 5));
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a positive integer');
    return {
      quick,
      rounds,
      // They vary less.
      gaugeRounds: Math.ceil(rounds / 3),
      slices: quick ? 2 : 6,
      sliceSeconds: 0.1,
      warmUpSeconds: quick ? 0.12 : 0.25,
      warmUpShare: quick ? 0.3 : 1,
      noisePatience: quick ? 10 : 300,
      workloads: WORKLOADS.filter((workload) => chosen.includes(workload)),
      gauges: GAUGES.filter((gauge) => chosen.includes(gauge)),
      peers: pick('--peers', PEERS, values.peers),
      node,
      nodes,
    };
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/**
 * @template {{ name: string }} T
 * @param {string} option
 * @param {T[]} all
 * @param {string[]} [lists] names separated by commas
 */
function pick(option, all, lists) {
  if (lists === undefined) return all;
  const names = lists.flatMap((list) => list.split(','));
  for (const name of names) {
    if (!all.some((item) => item.name === name)) throw new Error(`${option}: there is no ${name}`);
  }
  return all.filter(({ name }) => names.includes(name));
}
