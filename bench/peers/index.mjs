/**
 * The peers, in the order in which a round runs them.
 *
 * A peer is a command that takes a task and prints lines of JSON, so it may be written in anything; those that are
 * driven by Node share `client.mjs`.
 */
import { fileURLToPath } from 'node:url';
import { runtimeBinary } from '../binaries.mjs';
import { CA } from '../process.mjs';
import { CLIENT } from '../server.mjs';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} title
 * @property {boolean} byob Whether its `readable` is a byte stream.
 * @property {boolean} hasClock Whether it can take the time of just what is measured; else the server does.
 * @property {number} [warmUpShare] How much of the usual warm-up it needs.
 * @property {(task: import('../client.mjs').Task, options: { node: string }) => string[]} command
 */

const SCRIPT = fileURLToPath(new URL('../client.mjs', import.meta.url));

/** What the ratios are relative to. */
export const REFERENCES = ['raw', 'arrowood'];

/** @type {Peer[]} */
export const PEERS = [
  {
    name: 'raw',
    title: '`node:net` and `node:tls` callbacks',
    byob: false,
    hasClock: true,
    command: onNode('raw.mjs'),
  },
  {
    name: 'towebstreams',
    title: '`Duplex.toWeb`',
    byob: false,
    hasClock: true,
    command: onNode('towebstreams.mjs'),
  },
  {
    name: 'arrowood',
    title: '`@arrowood.dev/socket`',
    byob: false,
    hasClock: true,
    command: onNode('arrowood.mjs'),
  },
  {
    name: 'workerd',
    title: 'workerd',
    byob: true,
    hasClock: false,
    // Its pace does not change after that, and it is slow.
    warmUpShare: 0.2,
    command: onNode('workerd.mjs'),
  },
  {
    name: 'deno',
    title: 'Deno',
    byob: true,
    hasClock: true,
    command: (task) => [
      ...[runtimeBinary('deno'), 'run', '--quiet', '--no-config', '--allow-all', `--cert=${CA}`],
      ...[SCRIPT, 'deno.mjs', JSON.stringify(task)],
    ],
  },
  {
    name: 'bun',
    title: 'Bun',
    byob: false,
    hasClock: true,
    command: (task) => [runtimeBinary('bun'), 'run', SCRIPT, 'bun.mjs', JSON.stringify(task)],
  },
  {
    name: 'rust',
    title: 'tokio and rustls, in Rust',
    byob: false,
    hasClock: true,
    // Nothing of it is compiled while it runs.
    warmUpShare: 0.2,
    command: (task) => [CLIENT, JSON.stringify(task)],
  },
  {
    name: 'ours',
    title: '**winter-sockets**',
    byob: true,
    hasClock: true,
    command: onNode('ours.mjs'),
  },
];

/**
 * @param {string} adapter
 * @returns {Peer['command']}
 */
function onNode(adapter) {
  return (task, { node }) => [node, SCRIPT, adapter, JSON.stringify(task)];
}
