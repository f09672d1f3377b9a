'use strict';

const { TLSSocket } = require('./lib/binding-object.js');
const { connect } = require('./lib/connect.js');
const { SocketError } = require('./lib/errors.js');
const { Socket } = require('./lib/socket.js');

/** @import { FromDuplexOptions } from './index.js' */

// The bridges are loaded by those who use them.

/** @param {Socket} socket */
function toDuplex(socket) {
  return require('./lib/to-duplex.js').toDuplex(socket);
}

/**
 * @param {import('node:stream').Duplex} duplex
 * @param {FromDuplexOptions | null} [options]
 */
function fromDuplex(duplex, options) {
  return require('./lib/from-duplex.js').fromDuplex(duplex, options);
}

module.exports = { connect, Socket, SocketError, TLSSocket, toDuplex, fromDuplex };
