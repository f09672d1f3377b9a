/**
 * The peers, in the order in which a round runs them.
 *
 * A peer is a command that takes a task and prints one line of JSON, so it may be written in anything; those that
 * run on Node share `client.mjs`.
 */
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} title
 * @property {boolean} byob Whether its `readable` is a byte stream.
 * @property {(task: import('../client.mjs').Task, options: { node: string }) => string[]} command
 */

/** What the ratios are relative to. */
export const REFERENCES = ['raw', 'arrowood'];

/** @type {Peer[]} */
export const PEERS = [
  { name: 'raw', title: '`node:net` callbacks', byob: false, command: onNode('raw.mjs') },
  { name: 'towebstreams', title: '`Duplex.toWeb`', byob: false, command: onNode('towebstreams.mjs') },
  { name: 'arrowood', title: '`@arrowood.dev/socket`', byob: false, command: onNode('arrowood.mjs') },
  { name: 'ours', title: '**winter-sockets**', byob: true, command: onNode('ours.mjs') },
];

/**
 * @param {string} adapter
 * @returns {Peer['command']}
 */
function onNode(adapter) {
  const client = fileURLToPath(new URL('../client.mjs', import.meta.url));
  return (task, { node }) => [node, client, adapter, JSON.stringify(task)];
}
