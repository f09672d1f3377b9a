'use strict';

const { Socket } = require('./socket.js');

/** @import { AnySocketAddress, SocketOptions } from '../index.js' */

/**
 * Connects to an address, and returns the socket at once. https://sockets-api.proposal.wintertc.org/#connect-section
 *
 * @param {AnySocketAddress} address
 * @param {SocketOptions} [options]
 */
function connect(address, options) {
  return new Socket(address, options);
}

exports.connect = connect;
