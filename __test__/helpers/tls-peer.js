// The other end of TLS, scripted: a peer of `peer.js` that goes over to TLS when the test says so.

import net from 'node:net';
import tls from 'node:tls';

import { TLSSocket } from '../../index.js';

import { Peer, listen, pair } from './peer.js';
import { turns } from './settle.js';
import { pem } from './tls-server.js';

/** The authority that the peers' certificate comes from. */
export const ca = pem('root.pem');

/** For localhost and the loopback addresses. */
const CERTIFICATE = { cert: pem('p256.pem'), key: pem('p256.key') };

/** For tests that are to hold with both. */
export const VERSIONS = /** @type {const} */ (['TLSv1.2', 'TLSv1.3']);

/** The options, of either side, that allow this version alone. */
export const only = (version) => ({ minVersion: version, maxVersion: version });

/**
 * For a peer whose client may be gone as soon as it is connected: with 1.3 Node still sends session tickets then, and
 * loses an end that comes meanwhile.
 */
export const endsAtOnce = only('TLSv1.2');

/**
 * Makes a peer the server's side of TLS, and waits for the handshake. Rejects when that fails.
 *
 * @param {Peer} plain Everything that it has received was taken.
 * @param {import('node:tls').TlsOptions} [options]
 */
export async function secure(plain, options) {
  const server = tls.createServer({ ...CERTIFICATE, ...options });
  // What has been received by now would be missing in the handshake.
  plain.raw.unshift(await takeRecord(plain));
  const raw = await new Promise((resolve, reject) => {
    server.once('secureConnection', resolve).once('tlsClientError', reject);
    server.emit('connection', plain.raw);
  });
  // Like any peer, it reads nothing unless it is told to.
  raw.pause();
  // Node loses the close_notify of an end that comes while it still sends the session tickets.
  await turns(2);
  return new Peer(raw);
}

/** Takes one whole record of TLS, as it is on the wire. */
export async function takeRecord(peer) {
  const head = await peer.take(5);
  return Buffer.concat([head, await peer.take(head.readUInt16BE(3))]);
}

/** Opens a socket with TLS to a listener; it is closed when the test is over. */
export function connectSecurely(t, listener, { tls = {}, ...options } = {}) {
  const socket = new TLSSocket({ ca, ...tls }).connect(listener.address, options);
  t.after(() => socket.close().catch(() => {}));
  return socket;
}

/**
 * An open socket with TLS, its peer, and the connection below that one.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] Those of the socket; of its `TLSSocket` in `tls`, of its peer in `server`, and of a wire
 *   between them in `wire`.
 */
export async function securePair(t, { server, wire, ...options } = {}) {
  const listener = await (wire ? listenBehindWire(t, wire) : listen(t));
  const socket = connectSecurely(t, listener, options);
  const plain = await listener.accept();
  const [peer] = await Promise.all([secure(plain, server), socket.opened]);
  return { socket, peer, plain, listener };
}

/**
 * Starts a listener for one connection, behind a wire on which records of TLS can be looked at and changed.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ up?: Change, down?: Change }} changes From the client to its peer, and back.
 *
 * @typedef {(record: Buffer, to: Peer) => Buffer | undefined} Change The bytes to hand on instead; with none the relay
 *   ends, and the wire stays open.
 */
export async function listenBehindWire(t, { up, down }) {
  const [front, back] = [await listen(t), await listen(t)];
  const accept = async () => {
    const client = await front.accept();
    const onward = net.connect({ host: back.host, port: back.port, allowHalfOpen: true, noDelay: true });
    t.after(() => onward.destroy());
    const far = new Peer(onward);
    relay(client, far, up);
    relay(far, client, down);
    return back.accept();
  };
  return { address: front.address, port: front.port, accept };
}

async function relay(from, to, change = (record) => record) {
  try {
    for (;;) {
      const record = change(await takeRecord(from), to);
      if (record === undefined) return;
      await to.send(record);
    }
  } catch {
    // One of them has ended; then the other one does.
    await to.end();
  }
}

/**
 * An open plain-text socket that can be upgraded, and its peer.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('winter-sockets').SocketOptions} [options]
 */
export function upgradablePair(t, options) {
  return pair(t, { secureTransport: 'starttls', ...options });
}
