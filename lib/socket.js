'use strict';

const { parseAddress } = require('./address.js');
const { Connection } = require('./connection.js');
const { SocketError } = require('./errors.js');
const { parseOptions } = require('./options.js');

/** @import { AnySocketAddress, SocketOptions, TlsOptions } from '../index.js' */

/**
 * A TCP connection as a pair of streams. https://sockets-api.proposal.wintertc.org/#socket-class
 */
class Socket {
  #address;
  #connection;
  #secureTransport;
  #upgraded = false;

  /**
   * The spec leaves the constructor to implementors; here it is `connect(address, options)`.
   *
   * @param {AnySocketAddress} address
   * @param {SocketOptions} [options]
   */
  constructor(address, options) {
    const target = parseAddress(address);
    const parsed = parseOptions(options);
    this.#address = address;
    this.#secureTransport = parsed.secureTransport;
    this.#connection = new Connection(target, parsed);
  }

  get readable() {
    return this.#connection.readable;
  }

  get writable() {
    return this.#connection.writable;
  }

  get opened() {
    return this.#connection.opened.promise;
  }

  get closed() {
    return this.#connection.closed.promise;
  }

  get upgraded() {
    return this.#upgraded;
  }

  get secureTransport() {
    return this.#secureTransport;
  }

  /** @param {unknown} [reason] */
  close(reason) {
    return this.#connection.close(reason);
  }

  /**
   * @param {TlsOptions} [_options]
   * @returns {Socket}
   */
  startTls(_options) {
    if (this.#secureTransport !== 'starttls') {
      throw new SocketError(
        `startTls() needs a socket with secureTransport "starttls", but this one has "${this.#secureTransport}"`,
        { code: 'ERR_INVALID_STATE' },
      );
    }
    if (this.#connection.isClosed) {
      throw new SocketError('startTls() needs an open socket, but this one is closed or already upgraded', {
        code: 'ERR_INVALID_STATE',
      });
    }
    // Until TLS is built: the plain-text connection ends, and the new socket says why it could not open.
    const address = this.#address;
    this.close();
    return new Socket(address, { secureTransport: 'on' });
  }

  ref() {
    this.#connection.keepAlive(true);
    return this;
  }

  unref() {
    this.#connection.keepAlive(false);
    return this;
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  get [Symbol.toStringTag]() {
    return 'Socket';
  }
}

// As WebIDL has the members of an interface.
for (const name of [
  'readable',
  'writable',
  'opened',
  'closed',
  'upgraded',
  'secureTransport',
  'close',
  'startTls',
  'ref',
  'unref',
]) {
  Object.defineProperty(Socket.prototype, name, { enumerable: true });
}

exports.Socket = Socket;
