// Duplexes over sockets, and what becomes of them.

import { once } from 'node:events';

import { connect, toDuplex } from '../../index.js';

import { listen } from './peer.js';

/**
 * An open duplex, its socket, and its peer.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('winter-sockets').SocketOptions} [options]
 */
export async function openDuplex(t, options) {
  const listener = await listen(t);
  const socket = connect(listener.address, options);
  const duplex = toDuplex(socket);
  t.after(() => duplex.destroy());
  const [peer] = await Promise.all([listener.accept(), once(duplex, 'connect')]);
  return { duplex, socket, peer, listener };
}

/** How a duplex ends: the errors that it emits, and then the argument of `close`. */
export function ending(duplex) {
  const seen = [];
  duplex.on('error', (error) => seen.push(error));
  return new Promise((resolve) => duplex.on('close', (hadError) => resolve([...seen, hadError])));
}
