'use strict';

const { parseAddress } = require('./address.js');
const { Connection } = require('./connection.js');
const { SocketError } = require('./errors.js');
const { parseOptions } = require('./options.js');
const { TlsContext } = require('./tls.js');
const { NONE, parseTlsOptions } = require('./tls-options.js');
const { invalidValue } = require('./webidl.js');

/** @import { AnySocketAddress, SocketOptions, TlsOptions } from '../index.js' */

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
  #connection;
  #target;
  #options;
  /** The settings of TLS that a `startTls()` begins with. */
  #settings;

  static {
    partsOf = (socket) => {
      if (!(#connection in socket)) return undefined;
      return new Parts(socket.#connection, socket.#target, socket.#options, socket.#settings);
    };
  }

  /**
   * The spec leaves the constructor to implementors; here it is `connect(address, options)`.
   *
   * @param {AnySocketAddress | Parts} address
   * @param {SocketOptions | null} [options]
   */
  constructor(address, options) {
    const parts = address instanceof Parts ? address : Parts.dial(address, options);
    this.#connection = parts.connection;
    this.#target = parts.target;
    this.#options = parts.options;
    this.#settings = parts.settings;
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
    return this.#connection.isUpgraded;
  }

  get secureTransport() {
    return this.#options.secureTransport;
  }

  /** @param {unknown} [reason] */
  close(reason) {
    return this.#connection.close(reason);
  }

  /**
   * The `startTls(options)` method steps. https://sockets-api.proposal.wintertc.org/#starttls-method
   *
   * @param {TlsOptions | null} [options]
   * @returns {Socket}
   */
  startTls(options) {
    const { secureTransport } = this.#options;
    if (secureTransport !== 'starttls') {
      throw new SocketError(
        `startTls() needs a socket with secureTransport "starttls", but this one has "${secureTransport}"`,
        { code: 'ERR_INVALID_STATE' },
      );
    }
    if (this.#connection.isClosed) {
      throw new SocketError('startTls() needs an open socket, but this one is closed or already upgraded', {
        code: 'ERR_INVALID_STATE',
      });
    }
    const settings = parseTlsOptions(options, this.#settings);
    const target = this.#target;
    const handshake = new TlsContext(settings).handshakeWith(target.hostname);
    const secured = { ...this.#options, secureTransport: /** @type {const} */ ('on') };
    const former = this.#connection;
    if (!(former instanceof Connection)) {
      return new Socket(new Parts(former.upgrade(handshake, secured, settings), target, secured, settings));
    }
    const connection = new Connection(target, secured);
    former.upgradeTo(connection, handshake);
    return new Socket(new Parts(connection, target, secured, settings));
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

/** What a socket is made of. Only this module can make one, so that nobody passes it to the constructor. */
class Parts {
  /**
   * Begins to connect.
   *
   * @param {unknown} address
   * @param {unknown} options
   * @param {TlsContext} [binding] Whose sockets use TLS, unless the options say that it will come later.
   */
  static dial(address, options, binding) {
    const target = parseAddress(address);
    const parsed = parseOptions(options, binding && 'on');
    if (parsed.secureTransport === 'off') {
      if (binding === undefined)
        return new Parts(new Connection(target, parsed).dial(), target, parsed, NONE);
      throw invalidValue('a TLSSocket connects with secureTransport "on" or "starttls", not "off"');
    }
    const context = (binding ?? new TlsContext(NONE)).for(parsed);
    const handshake = parsed.secureTransport === 'on' ? context.handshakeWith(target.hostname) : undefined;
    return new Parts(new Connection(target, parsed).dial(handshake), target, parsed, context.settings);
  }

  /**
   * @param {Connection | import('./duplex-connection.js').DuplexConnection} connection
   * @param {import('./address.js').Address} target
   * @param {Readonly<import('./options.js').Options>} options
   * @param {Readonly<import('./tls-options.js').TlsSettings>} settings
   */
  constructor(connection, target, options, settings) {
    this.connection = connection;
    this.target = target;
    this.options = options;
    this.settings = settings;
  }
}

/**
 * What `connect()` of a binding object does.
 *
 * @param {unknown} address
 * @param {unknown} options
 * @param {TlsContext} binding
 */
function open(address, options, binding) {
  return new Socket(Parts.dial(address, options, binding));
}

/**
 * A socket over a connection that was made elsewhere.
 *
 * @param {ConstructorParameters<typeof Parts>} parts
 */
function adopt(...parts) {
  return new Socket(new Parts(...parts));
}

exports.Socket = Socket;
exports.open = open;
exports.adopt = adopt;
exports.partsOf = partsOf;
