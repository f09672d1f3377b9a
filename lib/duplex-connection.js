'use strict';

// The state machine of a socket over a duplex: what `connection.js` is for the network.

const { Deferred } = require('./deferred.js');
const { awaitedBy, infoOf } = require('./duplex-info.js');
const { DuplexSink, DuplexSource, makeReadable, makeWritable } = require('./duplex-streams.js');
const { prepare } = require('./duplex-tls.js');
const { SocketError, endedError } = require('./errors.js');
const { clearTimeout, nextTick, setImmediate, setTimeout } = require('./timing.js');

/**
 * @import { Duplex } from 'node:stream'
 * @import { SocketInfo } from '../index.js'
 * @import { Address } from './address.js'
 * @import { Handshake } from './tls.js'
 * @import { TlsSettings } from './tls-options.js'
 */

/** How long a close may go without the duplex taking a write, in milliseconds; as on the network. */
const FLUSH_DEADLINE = 10_000;

// The states. A `CLOSING` connection sends what is left, and then waits for the duplex to close.
const PENDING = 0;
const OPEN = 1;
const CLOSING = 2;
const ENDED = 3;

class DuplexConnection {
  opened = /** @type {Deferred<SocketInfo>} */ (new Deferred());
  closed = /** @type {Deferred<void>} */ (new Deferred());
  isUpgraded = false;
  #address;
  #options;
  #source = new DuplexSource(this);
  #sink = new DuplexSink(this);
  readable = makeReadable(this.#source);
  writable;
  #state = PENDING;
  /** @type {Duplex | undefined} */
  #duplex;
  #isReadOver = false;
  #isWriteOver = false;
  /** The user cancelled the readable: `closed` is left pending, as the spec has it, until `close()` is called. */
  #isCancelled = false;
  #leavesClosedPending = false;
  #keepsAlive = true;
  /** Gives up a close, or a handshake. @type {NodeJS.Timeout | undefined} */
  #deadline;
  /** Takes this one over, with TLS. @type {DuplexConnection | undefined} */
  #next;
  /** Is taken over by this one. @type {DuplexConnection | undefined} */
  #former;

  /**
   * @param {Address} address
   * @param {import('./options.js').Options} options
   */
  constructor(address, options) {
    this.#address = address;
    this.#options = options;
    this.writable = makeWritable(this.#sink, options.highWaterMark);
  }

  /**
   * Begins to stand for a duplex.
   *
   * @param {Duplex} duplex
   */
  take(duplex) {
    this.#duplex = duplex;
    if (!this.#keepsAlive) this.keepAlive(false);
    // When to end is up to the socket.
    duplex.allowHalfOpen = true;
    for (const [event, listener] of Object.entries(this.#listeners)) duplex.on(event, listener);
    const event = awaitedBy(duplex);
    if (event === undefined) nextTick(this.#listeners.connect);
  }

  #listeners = {
    readable: () => this.#source.serve(),
    end: () => this.#onEnd(),
    error: (/** @type {Error} */ error) => this.#onError(error),
    close: () => this.#onClose(),
    connect: () => this.#onConnect(),
    secureConnect: () => this.#onConnect(),
  };

  get isPending() {
    return this.#state === PENDING;
  }

  /** Whether it is closed, or on the way there, or in other hands. */
  get isClosed() {
    return this.#state === CLOSING || this.#state === ENDED || this.#next !== undefined;
  }

  /** @param {boolean} keepsAlive */
  keepAlive(keepsAlive) {
    this.#keepsAlive = keepsAlive;
    const duplex = /** @type {Partial<import('node:net').Socket>} */ (this.#duplex ?? {});
    if (keepsAlive) duplex.ref?.();
    else duplex.unref?.();
  }

  /**
   * The `close(reason)` method steps. https://sockets-api.proposal.wintertc.org/#close-method
   *
   * @param {unknown} [reason]
   */
  close(reason) {
    if (this.#next !== undefined) return this.closed.promise;
    if (this.#state === PENDING) {
      this.giveUp(
        reason ??
          this.#error(
            'connect',
            'the socket was closed before it opened',
            'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
          ),
      );
    } else if (this.#state === OPEN) {
      this.#endReadable();
      this.#endWritable(reason ?? this.#closedError());
    } else if (this.#leavesClosedPending) {
      this.#leavesClosedPending = false;
      if (this.#state === ENDED) this.closed.resolve(undefined);
    }
    return this.closed.promise;
  }

  /**
   * Closes at once, whatever is under way.
   *
   * @param {unknown} error
   */
  giveUp(error) {
    if (this.#state === ENDED) return;
    if (this.#state === PENDING) this.opened.reject(error);
    this.#end(error);
  }

  /**
   * Ends, since nobody wants to take it over any more. What was written before is sent.
   *
   * @param {unknown} error
   */
  #giveWay(error) {
    if (this.#state !== OPEN) return this.giveUp(error);
    this.#endReadable();
    this.#endWritable(error);
  }

  // The upgrade to TLS.

  /**
   * Lets another connection take this one over, with TLS, and returns that one. From now on the streams of this one are of
   * no use.
   *
   * @param {Handshake} handshake
   * @param {import('./options.js').Options} options
   * @param {Readonly<TlsSettings>} settings
   */
  upgrade([, serverName], options, settings) {
    const secure = prepare(serverName, settings);
    const next = new DuplexConnection(this.#address, options);
    this.#next = next;
    next.#former = this;
    next.#limit(settings.connectTimeout);
    const hasUnread = this.#source.hasUnread;
    this.#endReadable();
    const error = this.#error('write to', 'the connection was upgraded', 'ERR_SOCKET_CLOSED');
    this.#sink.stopTaking(error);
    const begin = () => {
      if (this.#state !== OPEN) return;
      this.#sink.drain(error, () => this.#handOver(error, hasUnread, secure));
    };
    // If it never opens, the next one is told by what failed.
    this.opened.promise.then(begin, () => {});
    return next;
  }

  /**
   * @param {unknown} error What later writes fail with.
   * @param {boolean} hasUnread Plain text waits in the stream.
   * @param {(duplex: Duplex) => Duplex} secure
   */
  #handOver(error, hasUnread, secure) {
    const duplex = this.#duplex;
    const next = this.#next;
    if (this.#state !== OPEN || duplex === undefined || next === undefined) return;
    this.#errorWritable(error);
    this.#leave();
    // The one on top reports what goes wrong.
    duplex.on('error', () => {});
    next.#former = undefined;
    if (hasUnread || duplex.readableLength > 0) {
      duplex.destroy();
      const why = 'bytes that came in plain text were not read before startTls()';
      next.#failToOpen(next.#error('TLS handshake with', why, 'ERR_TLS_PLAINTEXT_INJECTED'));
    } else {
      next.take(secure(duplex));
    }
    // The user's code that goes on after `startTls()` comes first.
    setImmediate(() => {
      this.isUpgraded = true;
      this.closed.resolve(undefined);
    });
  }

  /**
   * Gives up if it is not open in time.
   *
   * @param {number | undefined} milliseconds
   */
  #limit(milliseconds) {
    if (milliseconds === undefined) return;
    const why = `not connected after ${milliseconds} ms`;
    this.#deadline = setTimeout(() => {
      if (this.#state !== PENDING) return;
      this.#failToOpen(this.#error('TLS handshake with', why, 'ETIMEDOUT'));
    }, milliseconds).unref();
  }

  // What the streams do.

  /** What has come. @returns {Uint8Array | null} */
  receive() {
    return this.#state === OPEN ? (this.#duplex?.read() ?? null) : null;
  }

  /**
   * Resolves when the duplex has taken the bytes.
   *
   * @param {Buffer} bytes
   * @returns {Promise<void>}
   */
  send(bytes) {
    return new Promise((resolve, reject) => {
      this.#duplex?.write(bytes, (error) => {
        this.#deadline?.refresh();
        if (error) reject(this.#wrap('write to', error));
        else resolve();
      });
    });
  }

  /**
   * Resolves when the peer has been told that no more will come.
   *
   * @returns {Promise<void>}
   */
  shutdown() {
    return new Promise((resolve, reject) => {
      const onEnd = (/** @type {Error | null | undefined} */ error) =>
        error ? reject(this.#wrap('shutdown of', error)) : resolve();
      this.#duplex?.end(onEnd);
    });
  }

  /** The user cancelled the readable. */
  onCancel() {
    this.#isReadOver = this.#isCancelled = true;
    this.#finishIfOver();
  }

  /** The user closed the writable, and everything is sent. */
  onFinished() {
    this.#isWriteOver = true;
    this.#finishIfOver();
  }

  /** The user aborted the writable. */
  onAbort() {
    this.#isWriteOver = true;
    this.#finishIfOver();
  }

  // What the duplex reports.

  #onConnect() {
    const duplex = this.#duplex;
    if (this.#state !== PENDING || duplex === undefined || awaitedBy(duplex) !== undefined) return;
    this.#state = OPEN;
    clearTimeout(this.#deadline);
    this.opened.resolve(infoOf(duplex, this.#address.remoteAddress));
    this.#sink.open();
    if (this.#isReadOver && this.#isWriteOver) this.#finishIfOver();
    else this.#source.serve();
  }

  #onEnd() {
    this.#endReadable();
    this.#finishIfOver();
    if (this.#options.allowHalfOpen || this.#next !== undefined) return;
    // Not in this turn: a `pipeTo` that was fed by the readable is about to close the writable in good order.
    setImmediate(() => {
      if (this.#isWriteOver || this.#state !== OPEN) return;
      this.#endWritable(this.#error('write to', 'the peer has ended the connection', 'EPIPE'));
    });
  }

  /** @param {Error} cause */
  #onError(cause) {
    if (this.#state === PENDING) {
      const operation = 'encrypted' in (this.#duplex ?? {}) ? 'TLS handshake with' : 'connect';
      this.#failToOpen(this.#wrap(operation, cause));
    } else {
      this.#fail(this.#wrap('read from', cause));
    }
  }

  #onClose() {
    const isOver = this.#isReadOver && this.#isWriteOver;
    if (!isOver && this.#state !== CLOSING) {
      const cause = new Error('the duplex was destroyed');
      this.#onError(Object.assign(cause, { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
    }
    this.#endReadable();
    this.#errorWritable(this.#closedError());
    this.#leave();
    if (!this.#leavesClosedPending) this.closed.resolve(undefined);
  }

  // The ends of things.

  /** @param {unknown} error */
  #failToOpen(error) {
    this.opened.reject(error);
    this.closed.reject(error);
    this.#end(error);
  }

  /**
   * The connection is lost.
   *
   * @param {unknown} error
   */
  #fail(error) {
    this.#isReadOver = true;
    this.#source.error(error);
    this.#end(error);
  }

  #endReadable() {
    if (this.#isReadOver) return;
    this.#isReadOver = true;
    this.#source.close();
  }

  /** @param {unknown} error */
  #errorWritable(error) {
    if (this.#isWriteOver) return;
    this.#isWriteOver = true;
    this.#sink.error(error);
  }

  /**
   * Closes when everything that was written so far is sent.
   *
   * @param {unknown} error What later writes fail with.
   */
  #endWritable(error) {
    this.#state = CLOSING;
    this.#deadline = setTimeout(() => this.#end(error), FLUSH_DEADLINE);
    // A peer that can't send may not receive either.
    const duplex = this.#duplex;
    duplex?.off('readable', this.#listeners.readable).resume();
    if (this.#isWriteOver) return this.#end(error);
    this.#sink.drain(error, () => {
      this.#errorWritable(error);
      duplex?.end(() => this.#end(error));
    });
  }

  /** Both sides came to their end by themselves. */
  #finishIfOver() {
    if (!this.#isReadOver || !this.#isWriteOver || this.#state !== OPEN) return;
    this.#leavesClosedPending = this.#isCancelled;
    if (this.#next === undefined) return this.#end(undefined);
    this.#end(this.#error('TLS handshake with', 'the writable was closed or aborted before it', 'EPIPE'));
  }

  /**
   * Ends everything that has not ended yet; `closed` follows when the duplex is closed.
   *
   * @param {unknown} error
   */
  #end(error) {
    this.#endReadable();
    this.#errorWritable(error);
    this.#state = CLOSING;
    // The other side of an upgrade that is not done yet ends with this one.
    const [former, next] = [this.#former, this.#next];
    this.#former = undefined;
    if (former !== undefined) former.#giveWay(error);
    if (next !== undefined && next.#former !== undefined) {
      next.#former = undefined;
      next.#failToOpen(error);
    }
    const duplex = this.#duplex;
    if (duplex === undefined || duplex.closed) this.#onClose();
    else duplex.destroy();
  }

  /** The duplex is closed, or in other hands. */
  #leave() {
    this.#state = ENDED;
    clearTimeout(this.#deadline);
    for (const [event, listener] of Object.entries(this.#listeners)) this.#duplex?.off(event, listener);
  }

  // Errors.

  get #endpoint() {
    return this.#address.remoteAddress || 'the duplex';
  }

  #closedError() {
    return endedError(`the socket to ${this.#endpoint} is closed`, 'ERR_SOCKET_CLOSED');
  }

  /**
   * @param {string} operation
   * @param {string} why
   * @param {string | undefined} code
   * @param {unknown} [cause]
   */
  #error(operation, why, code, cause) {
    const options = cause === undefined ? { code } : { code, cause };
    return new SocketError(`${operation} ${this.#endpoint} failed: ${why}`, options);
  }

  /**
   * @param {string} operation
   * @param {Error & { code?: string }} cause
   */
  #wrap(operation, cause) {
    return cause instanceof SocketError ? cause : this.#error(operation, cause.message, cause.code, cause);
  }
}

exports.DuplexConnection = DuplexConnection;
