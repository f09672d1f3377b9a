/** What is measured: the workloads, and which cells of the table run together. */
import { ROWS } from './workloads/pg.mjs';
import { BULK_BLOCK, SMALL_BLOCK } from './workloads/protocol.mjs';

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title
 * @property {boolean} tls Belongs to those with TLS.
 * @property {string} unit What a figure counts; more is better, always.
 * @property {number} scale Figure per operation and second.
 * @property {number} granularity Amounts are multiples of this many operations.
 * @property {number} warmUp The first operations of a process; twice as many follow, at least, before anything is timed.
 *   Compilers optimise what has run often, and a program that goes on for a while is past that. Counted, because a time
 *   says nothing on a busy machine.
 * @property {boolean} [keepsProcess] Its processes play all rounds: to warm up takes them longer than a round.
 * @property {number} [limit] The most operations in one run.
 * @property {boolean} pinned Client and server share one core.
 * @property {number} [connections] Connections of one run; without it, one for each operation.
 * @property {number} [restSeconds] Pause before each round.
 * @property {number} [sliceFactor] How much longer its slices are than those of others.
 * @property {boolean} [postgres] Its server is PostgreSQL.
 * @property {string} [insteadOf] Peers without byte streams are represented by their figure for that workload.
 *
 * @typedef {object} Gauge What a workload does to the process that runs it; less is better, always.
 * @property {string} name
 * @property {string} title
 * @property {boolean} tls
 * @property {string} unit
 * @property {keyof typeof import('./client-gauges.mjs').GAUGES | 'import'} method
 * @property {string} [workload] None for `import`.
 * @property {number} amount Operations of the workload; for `import`, processes.
 * @property {boolean} [isLong] Left out with `--quick`.
 * @property {boolean} [once] Read in one round only.
 *
 * @typedef {{ workload: Workload, peer: ReadyPeer }} Cell
 *
 * @typedef {import('./peers/index.mjs').Peer & import('./client.mjs').Abilities} ReadyPeer A peer that runs here.
 */

const MEGABYTE = 1e6;

/** What those have in common that carry blocks over one connection. */
const BULK = {
  unit: 'MB/s',
  scale: BULK_BLOCK / MEGABYTE,
  granularity: 64,
  connections: 1,
  pinned: false,
};

/** What those have in common whose connections come and go. */
const CHURN = {
  unit: 'connections/s',
  scale: 1,
  // There are about 28,000 ephemeral ports, and a closed connection holds its own for a second or more.
  limit: 10_000,
  // After a thousand connections, they take V8 a third more CPU time than after three thousand.
  warmUp: 1000,
  keepsProcess: true,
  pinned: false,
};

/** @type {Workload[]} */
export const WORKLOADS = [
  {
    name: 'ping-pong-1',
    title: 'ping-pong 64 B, 1 connection, one core',
    tls: false,
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
    tls: false,
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
    tls: false,
    ...BULK,
    warmUp: 1280,
  },
  {
    name: 'download-byob',
    title: 'download, BYOB reader, 64 KiB',
    tls: false,
    ...BULK,
    warmUp: 1280,
    insteadOf: 'download',
  },
  {
    name: 'upload-64k',
    title: 'upload, awaited 64 KiB writes',
    tls: false,
    ...BULK,
    warmUp: 1280,
  },
  {
    name: 'upload-1k',
    title: 'upload, awaited 1 KiB writes',
    tls: false,
    unit: 'MB/s',
    scale: SMALL_BLOCK / MEGABYTE,
    granularity: 500,
    warmUp: 20_000,
    connections: 1,
    pinned: false,
  },
  {
    name: 'echo',
    title: 'echo, 64 KiB blocks both ways at once',
    tls: false,
    ...BULK,
    warmUp: 640,
  },
  {
    name: 'churn',
    title: 'connect + echo + close, one after another',
    tls: false,
    ...CHURN,
    granularity: 50,
    restSeconds: 1.5,
  },
  {
    name: 'churn-64',
    title: 'connect + echo + close, 64 at a time',
    tls: false,
    ...CHURN,
    granularity: 64,
    restSeconds: 1.5,
  },
  {
    name: 'pg-select',
    title: '`pg`: `SELECT 1`, one after another',
    tls: false,
    unit: 'queries/s',
    scale: 1,
    granularity: 50,
    warmUp: 2000,
    connections: 1,
    // That makes some 20,000 in a round.
    sliceFactor: 5,
    postgres: true,
    pinned: false,
  },
  {
    name: 'pg-rows',
    title: '`pg`: a result of 100,000 rows',
    tls: false,
    unit: 'rows/s',
    scale: ROWS,
    granularity: 1,
    warmUp: 2,
    connections: 1,
    sliceFactor: 5,
    postgres: true,
    pinned: false,
  },
  {
    name: 'tls-ping-pong-1',
    title: 'TLS ping-pong 64 B, 1 connection, one core',
    tls: true,
    unit: 'round trips/s',
    scale: 1,
    granularity: 250,
    warmUp: 10_000,
    connections: 1,
    pinned: true,
  },
  {
    name: 'tls-ping-pong-64',
    title: 'TLS ping-pong 64 B, 64 connections',
    tls: true,
    unit: 'round trips/s',
    scale: 1,
    granularity: 64,
    warmUp: 12_800,
    connections: 64,
    pinned: false,
  },
  {
    name: 'tls-download',
    title: 'TLS download, default reader',
    tls: true,
    ...BULK,
    warmUp: 640,
  },
  {
    name: 'tls-download-byob',
    title: 'TLS download, BYOB reader, 64 KiB',
    tls: true,
    ...BULK,
    warmUp: 640,
    insteadOf: 'tls-download',
  },
  {
    name: 'tls-upload-64k',
    title: 'TLS upload, awaited 64 KiB writes',
    tls: true,
    ...BULK,
    warmUp: 640,
  },
  {
    name: 'tls-echo',
    title: 'TLS echo, 64 KiB blocks both ways at once',
    tls: true,
    ...BULK,
    warmUp: 640,
  },
  {
    name: 'tls-churn',
    title: 'TLS connect + echo + close, one after another',
    tls: true,
    ...CHURN,
    granularity: 5,
    restSeconds: 0.5,
    sliceFactor: 2,
  },
  {
    name: 'tls-churn-64',
    title: 'TLS connect + echo + close, 64 at a time',
    tls: true,
    ...CHURN,
    granularity: 64,
    restSeconds: 0.5,
    // Long enough that the first and the last 64, which are less than 64 at a time, do not matter much.
    sliceFactor: 3,
  },
  {
    name: 'tls-resume',
    title: 'TLS connect + echo + close, resumed where the peer can',
    tls: true,
    ...CHURN,
    granularity: 5,
    restSeconds: 0.5,
    sliceFactor: 2,
  },
  {
    name: 'starttls',
    title: 'connect + startTls() + echo + close, one after another',
    tls: true,
    ...CHURN,
    granularity: 5,
    restSeconds: 0.5,
    sliceFactor: 2,
  },
];

/** @type {Gauge[]} */
export const GAUGES = [
  {
    name: 'memory',
    title: 'memory (RSS) of an idle connection, of 2,000',
    tls: false,
    unit: 'KiB',
    workload: 'idle',
    method: 'memory',
    amount: 2000,
  },
  {
    name: 'memory-10k',
    title: 'memory (RSS) of an idle connection, of 10,000',
    tls: false,
    unit: 'KiB',
    workload: 'idle',
    method: 'memory',
    amount: 10_000,
    isLong: true,
    once: true,
  },
  {
    name: 'delay-download',
    title: 'event loop while downloading: a 1 ms timer is late by, p99',
    tls: false,
    unit: 'ms',
    workload: 'download',
    method: 'lateness',
    amount: 2560,
    isLong: true,
  },
  {
    name: 'delay-upload',
    title: 'event loop while uploading: a 1 ms timer is late by, p99',
    tls: false,
    unit: 'ms',
    workload: 'upload-64k',
    method: 'lateness',
    amount: 2560,
    isLong: true,
  },
  {
    name: 'import',
    title: '`import`',
    tls: false,
    unit: 'ms',
    method: 'import',
    amount: 20,
  },
  {
    name: 'tls-memory',
    title: 'TLS, memory (RSS) of an idle connection, of 2,000',
    tls: true,
    unit: 'KiB',
    workload: 'tls-idle',
    method: 'memory',
    amount: 2000,
  },
  {
    name: 'tls-memory-10k',
    title: 'TLS, memory (RSS) of an idle connection, of 10,000',
    tls: true,
    unit: 'KiB',
    workload: 'tls-idle',
    method: 'memory',
    amount: 10_000,
    isLong: true,
    once: true,
  },
  {
    name: 'tls-delay',
    title: 'TLS, event-loop delay of 64 handshakes at once',
    tls: true,
    unit: 'ms',
    workload: 'tls-churn-64',
    method: 'delay',
    amount: 64,
  },
  {
    name: 'tls-delay-download',
    title: 'TLS, event loop while downloading: a 1 ms timer is late by, p99',
    tls: true,
    unit: 'ms',
    workload: 'tls-download',
    method: 'lateness',
    amount: 1280,
    isLong: true,
  },
  {
    name: 'tls-delay-upload',
    title: 'TLS, event loop while uploading: a 1 ms timer is late by, p99',
    tls: true,
    unit: 'ms',
    workload: 'tls-upload-64k',
    method: 'lateness',
    amount: 1280,
    isLong: true,
  },
];

/**
 * The cells in groups that are measured together, round by round. A workload that borrows figures is in the group of
 * the one that it borrows from, so that what is compared was measured side by side. What a peer cannot do has no cell.
 *
 * @param {Workload[]} workloads
 * @param {ReadyPeer[]} peers
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
      if (!peer.workloads.includes(workload.name)) continue;
      group.set(cellKey({ workload, peer }), { workload, peer });
    }
  }
  return [...byName.values()].map((group) => [...group.values()]).filter((group) => group.length > 0);
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

/** @param {{ workload: { name: string }, peer: { name: string } }} cell */
export function cellKey({ workload, peer }) {
  return `${workload.name} ${peer.name}`;
}
