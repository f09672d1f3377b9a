'use strict';

// What a socket is made of, and the steps of `connect()` and `startTls()`.

const { parseAddress } = require('./address.js');
const { Connection } = require('./connection.js');
const { SocketError } = require('./errors.js');
const { parseOptions } = require('./options.js');
const { TlsContext } = require('./tls.js');
const { NONE, parseTlsOptions } = require('./tls-options.js');
const { invalidValue } = require('./webidl.js');

/** Nobody outside can make one, and pass it to the constructor of `Socket`. */
class Parts {
  /**
   * Begins to connect.
   *
   * @param {unknown} address
   * @param {unknown} options
   * @param {Readonly<import('./tls-options.js').TlsSettings>} [binding] Those of a binding object, whose sockets use TLS,
   *   unless the options say that it will come later.
   */
  static dial(address, options, binding) {
    const target = parseAddress(address);
    const parsed = parseOptions(options, binding && 'on');
    if (parsed.secureTransport === 'off') {
      if (binding === undefined)
        return new Parts(new Connection(target, parsed).dial(), target, parsed, NONE);
      throw invalidValue('a TLSSocket connects with secureTransport "on" or "starttls", not "off"');
    }
    const context = TlsContext.for(binding).for(parsed);
    const { settings } = context;
    const handshake = parsed.secureTransport === 'on' ? context.handshakeWith(target.hostname) : undefined;
    const connection = new Connection(target, parsed).dial(handshake, settings.connectTimeout);
    return new Parts(connection, target, parsed, settings);
  }

  /**
   * @param {Connection | import('./duplex-connection.js').DuplexConnection} connection
   * @param {import('./address.js').Address} target
   * @param {Readonly<import('./options.js').Options>} options
   * @param {Readonly<import('./tls-options.js').TlsSettings>} settings The settings of TLS that a `startTls()` begins with.
   */
  constructor(connection, target, options, settings) {
    this.connection = connection;
    this.target = target;
    this.options = options;
    this.settings = settings;
  }

  /**
   * The `startTls(options)` method steps. https://sockets-api.proposal.wintertc.org/#starttls-method
   *
   * @param {unknown} options
   * @returns {Parts} Those of the next socket.
   */
  startTls(options) {
    const { connection: former, target } = this;
    const { secureTransport } = this.options;
    // First, since the options may have getters that do whatever they like to the socket.
    const settings = parseTlsOptions(options, this.settings);
    if (secureTransport !== 'starttls') {
      throw new SocketError(
        `startTls() needs a socket with secureTransport "starttls", but this one has "${secureTransport}"`,
        { code: 'ERR_INVALID_STATE' },
      );
    }
    if (former.isClosed) {
      throw new SocketError('startTls() needs an open socket, but this one is closed or already upgraded', {
        code: 'ERR_INVALID_STATE',
      });
    }
    const handshake = TlsContext.for(settings).handshakeWith(target.hostname);
    const secured = { ...this.options, secureTransport: /** @type {const} */ ('on') };
    if (!(former instanceof Connection)) {
      return new Parts(former.upgrade(handshake, secured, settings), target, secured, settings);
    }
    const connection = new Connection(target, secured);
    former.upgradeTo(connection, handshake);
    return new Parts(connection, target, secured, settings);
  }
}

exports.Parts = Parts;
