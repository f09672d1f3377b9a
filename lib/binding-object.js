'use strict';

const { Socket } = require('./socket.js');

/** @import { AnySocketAddress, SocketOptions, TlsOptions } from '../index.js' */

/**
 * A binding object: `connect()` with settings of TLS that are parsed once. Its connections resume each other's sessions.
 * https://sockets-api.proposal.wintertc.org/#binding-object
 */
class TLSSocket {
  #settings;

  /** @param {TlsOptions | null} [options] */
  constructor(options) {
    // Loaded with the first of them, as `lib/socket.js` does with what sockets need.
    const { TlsContext } = require('./tls.js');
    const { parseTlsOptions } = require('./tls-options.js');
    this.#settings = parseTlsOptions(options);
    // Here already it throws what is wrong with them.
    TlsContext.for(this.#settings);
  }

  /**
   * @param {AnySocketAddress} address
   * @param {SocketOptions | null} [options]
   */
  connect(address, options) {
    const { Parts } = require('./parts.js');
    return new Socket(Parts.dial(address, options, this.#settings));
  }

  get [Symbol.toStringTag]() {
    return 'TLSSocket';
  }
}

Object.defineProperty(TLSSocket.prototype, 'connect', { enumerable: true });

exports.TLSSocket = TLSSocket;
