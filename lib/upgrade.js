'use strict';

// The step from plain text to TLS: a connection sends what was written to it, and hands over to the next one.
// https://sockets-api.proposal.wintertc.org/#starttls-method

const { core } = require('./core.js');
const { SocketError, endedError } = require('./errors.js');

/**
 * @import { Connection } from './connection.js'
 * @import { Handshake } from './tls.js'
 */

/** An upgrade under way, which both connections know. */
class Upgrade {
  #former;
  #next;
  #endpoint;
  #handshake;
  #hasUnread;

  /**
   * @param {Connection} former
   * @param {Connection} next
   * @param {string} endpoint
   * @param {Handshake} handshake
   * @param {boolean} hasUnread Plain text waits in the stream of the former one.
   */
  constructor(former, next, endpoint, handshake, hasUnread) {
    this.#former = former;
    this.#next = next;
    this.#endpoint = endpoint;
    this.#handshake = handshake;
    this.#hasUnread = hasUnread;
  }

  /** The key of the connection, while the next one has none. */
  get key() {
    return this.#former.key;
  }

  /** The former connection is open: what was written to it goes first. */
  begin() {
    const error = endedError(
      `write to ${this.#endpoint} failed: the connection was upgraded, write to the socket that startTls() returned`,
      'ERR_SOCKET_CLOSED',
    );
    this.#former.drain(error, () => this.#handOver(error));
  }

  /** @param {unknown} error What later writes to the former connection fail with. */
  #handOver(error) {
    if (!this.#former.leaveTo(error)) return;
    const { key } = this.#former;
    this.#next.take(key);
    if (this.#hasUnread) {
      const why = 'bytes that came in plain text were not read before startTls()';
      this.#fail(why, 'ERR_TLS_PLAINTEXT_INJECTED');
    } else if (!core.startTls(key, ...this.#handshake)) {
      this.#fail('the connection is lost', 'ECONNRESET');
    }
    // The user's code that goes on after `startTls()` comes first.
    setImmediate(() => this.finish());
  }

  /**
   * @param {string} why
   * @param {string} code
   */
  #fail(why, code) {
    const error = new SocketError(`TLS handshake with ${this.#endpoint} failed: ${why}`, { code });
    this.#next.failToOpen(error);
  }

  /** Ends the former connection, before anything is known of the handshake. Again, it changes nothing. */
  finish() {
    this.#former.isUpgraded = true;
    this.#former.closed.resolve(undefined);
  }

  /**
   * The connection was lost before it could be handed over.
   *
   * @param {unknown} error
   */
  onLost(error) {
    this.#next.refuse(error);
  }

  /** The writable of the former connection was closed or aborted, and FIN or RST is on its way. */
  onFinished() {
    const why = 'the writable was closed or aborted before it';
    this.onLost(endedError(`TLS handshake with ${this.#endpoint} failed: ${why}`, 'EPIPE'));
  }

  /**
   * The next connection was closed before it was handed the connection: it is closed when the former one is.
   *
   * @param {unknown} error
   */
  onClosed(error) {
    this.#former.giveUp(error);
    const close = () => this.#next.closed.resolve(undefined);
    this.#former.closed.promise.then(close, close);
  }
}

exports.Upgrade = Upgrade;
