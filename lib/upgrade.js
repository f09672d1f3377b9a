'use strict';

// The step from plain text to TLS: a connection sends what was written to it, and hands over to the next one.
// https://sockets-api.proposal.wintertc.org/#starttls-method

const { core } = require('./core.js');
const { SocketError, endedError, fromFailure } = require('./errors.js');
const { clearTimeout, setImmediate, setTimeout } = require('./timing.js');

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
  #isHandedOver = false;
  /** Ends it when it takes too long. @type {NodeJS.Timeout | undefined} */
  #timer;

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
    /** What writes to the former connection fail with from now on. */
    this.writeError = endedError(
      `write to ${endpoint} failed: the connection was upgraded, write to the socket that startTls() returned`,
      'ERR_SOCKET_CLOSED',
    );
    const [, , limit] = handshake;
    // The connection is what keeps the process alive.
    if (limit !== undefined) this.#timer = setTimeout(() => this.#onTimeout(limit), limit).unref();
  }

  /** The key of the connection, while the next one has none. */
  get key() {
    return this.#former.key;
  }

  /** The former connection is open: what was written to it goes first. */
  begin() {
    this.#former.drain(this.writeError, () => this.#handOver());
  }

  #handOver() {
    if (!this.#former.leaveTo(this.writeError)) return;
    const { key } = this.#former;
    const [config, serverName] = this.#handshake;
    this.#isHandedOver = true;
    this.#next.take(key);
    if (this.#hasUnread) {
      const why = 'bytes that came in plain text were not read before startTls()';
      this.#fail(why, 'ERR_TLS_PLAINTEXT_INJECTED');
    } else if (!core.startTls(key, config, serverName)) {
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

  /** @param {number} limit */
  #onTimeout(limit) {
    const next = this.#next;
    if (!next.isPending) return;
    const message = `not connected after ${limit} ms`;
    const error = fromFailure({ code: 'ETIMEDOUT', syscall: 'connect', message }, this.#endpoint);
    if (this.#isHandedOver) return next.failToOpen(error);
    next.refuse(error);
    this.#former.giveUp(error);
  }

  /** It is decided, one way or the other. */
  forgetTimer() {
    clearTimeout(this.#timer);
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
    this.forgetTimer();
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
