'use strict';

// What a duplex tells of itself, where it has the members of `net.Socket`.

/**
 * @import { Duplex } from 'node:stream'
 * @import { SocketInfo } from '../index.js'
 */

/**
 * The event that has to come before the duplex can be used.
 *
 * @param {Duplex & { connecting?: boolean, secureConnecting?: boolean }} duplex
 */
function awaitedBy({ connecting, secureConnecting }) {
  if (secureConnecting) return 'secureConnect';
  return connecting ? 'connect' : undefined;
}

/**
 * What the duplex tells of itself, where it has the members of `net.Socket`.
 *
 * @param {Duplex} duplex
 * @param {string} remoteAddress
 * @returns {SocketInfo}
 */
function infoOf(duplex, remoteAddress) {
  const socket = /** @type {Partial<import('node:tls').TLSSocket>} */ (duplex);
  const resolvedAddress = endpoint(socket.remoteAddress, socket.remotePort);
  const localAddress = endpoint(socket.localAddress, socket.localPort);
  // Node makes a character of each byte.
  const alpn = socket.alpnProtocol ? Buffer.from(socket.alpnProtocol, 'latin1').toString() : null;
  return { remoteAddress: remoteAddress || resolvedAddress, localAddress, alpn, resolvedAddress };
}

/**
 * @param {string | undefined} address
 * @param {number | undefined} port
 */
function endpoint(address, port) {
  if (address === undefined || port === undefined) return '';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

exports.awaitedBy = awaitedBy;
exports.infoOf = infoOf;
