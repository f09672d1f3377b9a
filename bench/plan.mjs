/** What is measured: the workloads, and which cells of the table run together. */
import { BULK_BLOCK, SMALL_BLOCK } from './workloads/protocol.mjs';

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title
 * @property {string} unit What a figure counts; more is better, always.
 * @property {number} scale Figure per operation and second.
 * @property {number} granularity Amounts are multiples of this many operations.
 * @property {number} warmUp The first operations of a process; twice as many follow, at least, before anything is timed.
 *   Counted, because a time says nothing on a busy machine.
 * @property {number} [limit] The most operations in one run.
 * @property {boolean} pinned Client and server share one core.
 * @property {number} [connections] Connections of one run; without it, one for each operation.
 * @property {number} [restSeconds] Pause before each round.
 * @property {string} [insteadOf] Peers without byte streams are represented by their figure for that workload.
 *
 * @typedef {{ workload: Workload, peer: import('./peers/index.mjs').Peer }} Cell
 */

const MEGABYTE = 1e6;

/** @type {Workload[]} */
export const WORKLOADS = [
  {
    name: 'ping-pong-1',
    title: 'ping-pong 64 B, 1 connection, one core',
    unit: 'round trips/s',
    scale: 1,
    granularity: 250,
    // On one core the compiler runs in the pauses of what it compiles: a third of this favours callbacks over streams.
    warmUp: 20_000,
    connections: 1,
    // Unpinned it has two modes, three times apart: whether the scheduler put both ends on one core.
    pinned: true,
  },
  {
    name: 'ping-pong-64',
    title: 'ping-pong 64 B, 64 connections',
    unit: 'round trips/s',
    scale: 1,
    granularity: 64,
    warmUp: 12_800,
    connections: 64,
    pinned: false,
  },
  {
    name: 'download',
    title: 'download, default reader',
    unit: 'MB/s',
    scale: BULK_BLOCK / MEGABYTE,
    granularity: 64,
    warmUp: 1280,
    connections: 1,
    pinned: false,
  },
  {
    name: 'download-byob',
    title: 'download, BYOB reader, 64 KiB',
    unit: 'MB/s',
    scale: BULK_BLOCK / MEGABYTE,
    granularity: 64,
    warmUp: 1280,
    connections: 1,
    pinned: false,
    insteadOf: 'download',
  },
  {
    name: 'upload-64k',
    title: 'upload, awaited 64 KiB writes',
    unit: 'MB/s',
    scale: BULK_BLOCK / MEGABYTE,
    granularity: 64,
    warmUp: 1280,
    connections: 1,
    pinned: false,
  },
  {
    name: 'upload-1k',
    title: 'upload, awaited 1 KiB writes',
    unit: 'MB/s',
    scale: SMALL_BLOCK / MEGABYTE,
    granularity: 500,
    warmUp: 20_000,
    connections: 1,
    pinned: false,
  },
  {
    name: 'churn',
    title: 'connect + echo + close, one after another',
    unit: 'connections/s',
    scale: 1,
    granularity: 50,
    warmUp: 250,
    // There are about 28,000 ephemeral ports, and a closed connection holds its own for a second or more.
    limit: 10_000,
    restSeconds: 1.5,
    pinned: false,
  },
];

/**
 * The cells in groups that are measured together, round by round. A workload that borrows figures is in the group of
 * the one that it borrows from, so that what is compared was measured side by side.
 *
 * @param {Workload[]} workloads
 * @param {import('./peers/index.mjs').Peer[]} peers
 * @returns {Cell[][]}
 */
export function groups(workloads, peers) {
  /** @type {Map<string, Map<string, Cell>>} */
  const byName = new Map();
  for (const wanted of workloads) {
    const key = wanted.insteadOf ?? wanted.name;
    const group = byName.get(key) ?? new Map();
    byName.set(key, group);
    for (const peer of peers) {
      const workload = substitute(wanted, peer);
      group.set(cellKey({ workload, peer }), { workload, peer });
    }
  }
  return [...byName.values()].map((group) => [...group.values()]);
}

/**
 * The workload that a peer runs when this one is asked for.
 *
 * @param {Workload} workload
 * @param {{ byob: boolean }} peer
 */
export function substitute(workload, peer) {
  if (workload.insteadOf === undefined || peer.byob) return workload;
  return /** @type {Workload} */ (WORKLOADS.find(({ name }) => name === workload.insteadOf));
}

/** @param {Cell} cell */
export function cellKey({ workload, peer }) {
  return `${workload.name} ${peer.name}`;
}
