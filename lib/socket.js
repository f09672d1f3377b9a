'use strict';

// oxlint-disable-next-line import/no-unassigned-import -- a missing binary is told of at import
require('./native.js');
// oxlint-disable-next-line import/no-unassigned-import -- before anybody can replace what is in it
require('./timing.js');

/**
 * @import { AnySocketAddress, SocketOptions, TlsOptions } from '../index.js'
 * @import { Parts } from './parts.js'
 */

/**
 * Loaded with the first socket, and all the rest with it: to import this package costs little.
 *
 * @type {typeof import('./parts.js') | undefined}
 */
let loaded;

/**
 * What a socket is made of, for the bridges to `node:stream`; `undefined` if it is not one of ours.
 *
 * @type {(socket: object) => Parts | undefined}
 */
let partsOf;

/**
 * A TCP connection as a pair of streams. https://sockets-api.proposal.wintertc.org/#socket-class
 */
class Socket {
  #parts;

  static {
    partsOf = (socket) => (#parts in socket ? socket.#parts : undefined);
  }

  /**
   * The spec leaves the constructor to implementors; here it is `connect(address, options)`.
   *
   * @param {AnySocketAddress | Parts} address
   * @param {SocketOptions | null} [options]
   */
  constructor(address, options) {
    const { Parts } = (loaded ??= require('./parts.js'));
    this.#parts = address instanceof Parts ? address : Parts.dial(address, options);
  }

  get readable() {
    return this.#parts.connection.readable;
  }

  get writable() {
    return this.#parts.connection.writable;
  }

  get opened() {
    return this.#parts.connection.opened.promise;
  }

  get closed() {
    return this.#parts.connection.closed.promise;
  }

  get upgraded() {
    return this.#parts.connection.isUpgraded;
  }

  get secureTransport() {
    return this.#parts.options.secureTransport;
  }

  /** @param {unknown} [reason] */
  close(reason) {
    return this.#parts.connection.close(reason);
  }

  /**
   * The `startTls(options)` method steps. https://sockets-api.proposal.wintertc.org/#starttls-method
   *
   * @param {TlsOptions | null} [options]
   * @returns {Socket}
   */
  startTls(options) {
    return new Socket(this.#parts.startTls(options));
  }

  ref() {
    this.#parts.connection.keepAlive(true);
    return this;
  }

  unref() {
    this.#parts.connection.keepAlive(false);
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
exports.partsOf = partsOf;
