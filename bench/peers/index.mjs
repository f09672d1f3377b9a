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
 * @property {string[]} [modules] What a program on Node imports that uses it.
 * @property {(task: import('../client.mjs').Task, options: { node: string }) => string[]} command
 */

const SCRIPT = fileURLToPath(new URL('../client.mjs', import.meta.url));

/** Makes packages that know Cloudflare's runtime take themselves to be in it, and `cloudflare:sockets` ours. */
const AS_WORKERD = ['--import', new URL('../../register/workerd.js', import.meta.url).href];

/** What the ratios are relative to. */
export const REFERENCES = ['raw', 'arrowood'];

/** @type {Peer[]} */
export const PEERS = [
  {
    name: 'raw',
    title: '`node:net` and `node:tls` callbacks',
    byob: false,
    hasClock: true,
    modules: ['node:net', 'node:tls'],
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
    modules: ['@arrowood.dev/socket'],
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
    modules: ['winter-sockets'],
    command: (task, options) => onNode('ours.mjs', isForPg(task) ? AS_WORKERD : [])(task, options),
  },
];

/**
 * @param {string} adapter
 * @param {string[]} [flags]
 * @returns {Peer['command']}
 */
function onNode(adapter, flags = []) {
  return (task, { node }) => [node, ...flags, SCRIPT, adapter, JSON.stringify(task)];
}

/** @param {import('../client.mjs').Task} task */
function isForPg({ workload = '' }) {
  return workload.startsWith('pg-');
}
