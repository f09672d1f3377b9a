'use strict';

// A `stream.Duplex` as a socket: tunnels, and tests without a network.

const { parseAddress } = require('./address.js');
const { describe } = require('./describe.js');
const { DuplexConnection } = require('./duplex-connection.js');
const { SocketError } = require('./errors.js');
const { parseOptions } = require('./options.js');
const { Parts } = require('./parts.js');
const { Socket } = require('./socket.js');
const { NONE } = require('./tls-options.js');
const { readMember } = require('./webidl.js');

/** @import { Duplex } from 'node:stream' */
/** @import { FromDuplexOptions } from '../index.js' */

/** @type {import('./address.js').Address} */
const UNKNOWN = Object.freeze({ hostname: '', port: 0, remoteAddress: '' });

/**
 * @param {Duplex} duplex
 * @param {FromDuplexOptions | null} [options]
 * @returns {Socket}
 */
function fromDuplex(duplex, options) {
  checkDuplex(duplex);
  const parsed = parseOptions(options);
  const address = options == null ? undefined : readMember(options, 'address', 'options');
  const target = address === undefined || address === null ? UNKNOWN : parseAddress(address);
  const { secureTransport, sni, alpn } = parsed;
  const settings = { ...NONE, serverName: sni, alpn };
  const connection = new DuplexConnection(target, parsed);
  if (secureTransport !== 'on') {
    connection.take(duplex);
    return new Socket(new Parts(connection, target, parsed, settings));
  }
  // The handshake is that of an upgrade.
  const plain = new Parts(connection, target, { ...parsed, secureTransport: 'starttls' }, settings);
  const socket = new Socket(plain.startTls(undefined));
  // Not before the settings are known to be good: what throws leaves the duplex alone.
  connection.take(duplex);
  return socket;
}

/** @param {unknown} duplex */
function checkDuplex(duplex) {
  const { read, write, readable, writable, readableObjectMode, writableObjectMode, readableEncoding } =
    Object(duplex);
  if (typeof read !== 'function' || typeof write !== 'function') {
    throw new SocketError(`fromDuplex() takes a Duplex of node:stream, got ${describe(duplex)}`, {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  if (readableObjectMode || writableObjectMode || (readableEncoding ?? null) !== null) {
    const problem = 'the one given is in object mode or has an encoding';
    throw new SocketError(`fromDuplex() takes a Duplex of bytes, but ${problem}`, {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  if (!readable || !writable) {
    throw new SocketError('fromDuplex() takes a Duplex that is open both ways, but the one given has ended', {
      code: 'ERR_INVALID_STATE',
    });
  }
}

exports.fromDuplex = fromDuplex;
