'use strict';

// The state machine of a socket: native events and the user's calls come in; `opened`, `closed` and the two streams
// follow. https://sockets-api.proposal.wintertc.org/#socket-section

const {
  WAIT,
  OPENED,
  CONNECT_FAILED,
  READABLE,
  WRITABLE,
  BROKEN,
  CLOSED,
  core,
  close,
  collected,
  hold,
  letGo,
  scheduleFlush,
} = require('./core.js');
const { Deferred } = require('./deferred.js');
const { SocketError, endedError, fromFailure } = require('./errors.js');
const { mayConnect } = require('./permission.js');
const { Source, makeReadable } = require('./readable.js');
const { setImmediate } = require('./timing.js');
const { Upgrade } = require('./upgrade.js');
const { Sink, makeWritable } = require('./writable.js');

// What a connection waits for; while it waits for anything it is not collected.
const FOR_OPEN = 1;
const FOR_READ = 2;
const FOR_WRITE = 4;
const FOR_CLOSE = 8;
const FOR_FLUSH = 16;

// The states. A `CLOSING` connection still sends what was written before `close()`.
const PENDING = 0;
const OPEN = 1;
const CLOSING = 2;
const ENDED = 3;

/**
 * @import { NativeInfo } from '../native/binding.js'
 * @import { Handshake } from './tls.js'
 */

/** Of a connection that is not in the core, or not yet. */
const NO_KEY = -1;

class Connection {
  /** Names the native connection; void once the state is `ENDED`. */
  key = NO_KEY;
  opened = /** @type {Deferred<import('../index.js').SocketInfo>} */ (new Deferred());
  closed = /** @type {Deferred<void>} */ (new Deferred());
  #address;
  #allowHalfOpen;
  #highWaterMark;
  #state = PENDING;
  #waitsFor = FOR_OPEN;
  /** What is left when this is collected before it has ended. @type {import('./core.js').Remains | undefined} */
  #remains;

  /** @type {Source | undefined} */
  #source;
  /** @type {ReadableStream | undefined} */
  #readable;
  /** The readable has come to its end, was cancelled, or failed. */
  #isReadOver = false;
  /** The user cancelled the readable, so that the end of the connection can't be seen any more. */
  #isCancelled = false;
  /** `closed` is not to be resolved before `close()` is called. */
  #leavesClosedPending = false;
  /** Why the readable failed. @type {{ error: unknown } | undefined} */
  #readFailure;

  /** @type {Sink | undefined} */
  #sink;
  /** @type {WritableStream | undefined} */
  #writable;
  /** The writable was closed, was aborted, or failed. */
  #isWriteOver = false;
  /** What the writable will be errored with when what was written is sent. @type {unknown} */
  #endError;
  /** Why the writable failed. @type {{ error: unknown } | undefined} */
  #writeFailure;

  /** Another connection takes this one over, with TLS. @type {Upgrade | undefined} */
  #upgrade;
  /** This connection takes another one over. @type {Upgrade | undefined} */
  #origin;
  /** Another one has taken over. */
  isUpgraded = false;

  /**
   * A connection that is yet to be made.
   *
   * @param {import('./address.js').Address} address
   * @param {import('./options.js').Options} options
   */
  constructor(address, options) {
    this.#address = address;
    this.#allowHalfOpen = options.allowHalfOpen;
    this.#highWaterMark = options.highWaterMark;
  }

  /** `host:port` as it was asked for. */
  get #endpoint() {
    return this.#address.remoteAddress;
  }

  /**
   * Begins to connect.
   *
   * @param {Handshake} [handshake]
   * @param {number} [deadline] How long connecting may take without a handshake, which has its own deadline. In milliseconds.
   */
  dial(handshake, deadline) {
    if (!mayConnect()) {
      this.#refuse(
        'ERR_ACCESS_DENIED',
        'the process may not use the network, which --allow-net would permit',
      );
      return this;
    }
    const { hostname, port } = this.#address;
    const key = handshake
      ? core.connectTls(hostname, port, ...handshake)
      : core.connect(hostname, port, deadline);
    if (key === null) this.#refuse('EMFILE', 'too many sockets in this thread');
    else this.take(key);
    return this;
  }

  /**
   * @param {string} code
   * @param {string} why
   */
  #refuse(code, why) {
    this.refuse(new SocketError(`connect ${this.#endpoint} failed: ${why}`, { code }));
  }

  /**
   * Begins to stand for a native connection.
   *
   * @param {number} key
   */
  take(key) {
    this.key = key;
    this.#remains = { key, closed: this.closed };
    hold(this, key);
    collected.register(this, this.#remains, this.#remains);
  }

  /**
   * Fails without ever having had a native connection.
   *
   * @param {unknown} error
   */
  refuse(error) {
    this.#state = ENDED;
    this.failToOpen(error);
  }

  /** @param {unknown} error */
  failToOpen(error) {
    this.opened.reject(error);
    this.closed.reject(error);
    this.#end(error);
  }

  /** Whether it is closed, or on the way there, or in other hands. */
  get isClosed() {
    return this.#state === CLOSING || this.#state === ENDED || this.#upgrade !== undefined;
  }

  get isPending() {
    return this.#state === PENDING;
  }

  /** Whether reads can be served. */
  get isOpen() {
    return this.#state === OPEN;
  }

  // Streams are made when they are asked for: many sockets are only read, or only written, and making one takes longer
  // than a system call.

  get readable() {
    if (this.#readable === undefined) {
      const source = new Source(this);
      this.#readable = makeReadable(source);
      if (this.#readFailure !== undefined) source.error(this.#readFailure.error);
      else if (this.#isReadOver) source.close();
      this.#source = source;
    }
    return this.#readable;
  }

  get writable() {
    if (this.#writable === undefined) {
      const sink = new Sink(this);
      this.#writable = makeWritable(sink, this.#highWaterMark);
      if (this.#writeFailure !== undefined) sink.error(this.#writeFailure.error);
      else if (this.#upgrade !== undefined) sink.stopTaking(this.#endError);
      this.#sink = sink;
    }
    return this.#writable;
  }

  /** @param {boolean} keepsAlive */
  keepAlive(keepsAlive) {
    // Until it is handed over, the former socket has the connection.
    const key = this.key === NO_KEY ? (this.#origin?.key ?? NO_KEY) : this.key;
    if (this.#state !== ENDED && key !== NO_KEY) core.hold(key, keepsAlive);
  }

  /**
   * The `close(reason)` method steps. https://sockets-api.proposal.wintertc.org/#close-method
   *
   * @param {unknown} reason
   */
  close(reason) {
    if (this.#upgrade !== undefined) return this.closed.promise;
    if (this.#state === PENDING) this.#closePending(reason);
    else if (this.#state === OPEN) this.#closeOpen(reason);
    else if (this.#leavesClosedPending) this.#resolvePendingClosed();
    return this.closed.promise;
  }

  /** `close()` after the user has cancelled the readable and closed the writable. */
  #resolvePendingClosed() {
    this.#leavesClosedPending = false;
    if (this.#state === ENDED) this.closed.resolve(undefined);
  }

  /** @param {unknown} reason */
  #closePending(reason) {
    const error =
      reason === undefined
        ? new SocketError(`connect ${this.#endpoint}: the socket was closed before it opened`, {
            code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
          })
        : reason;
    // If `opened` is still pending, reject it with the reason.
    this.opened.reject(error);
    if (this.key !== NO_KEY || this.#origin === undefined) return this.#end(error);
    // The connection is still in the hands of the socket that is upgraded.
    this.#endReadable();
    this.#errorWritable(error);
    this.#leave();
    this.#origin.onClosed(error);
  }

  /** @param {unknown} reason */
  #closeOpen(reason) {
    this.#closeWith(reason === undefined ? this.#closedError() : reason);
  }

  /** @param {unknown} error What the writable fails with when what was written before is sent. */
  #closeWith(error) {
    this.#state = CLOSING;
    // Cancel the readable: reads that wait are done.
    this.#endReadable();
    // Abort the writable, behind everything that was written before.
    this.#endWritable(error, () => this.#end(error));
  }

  // The upgrade to TLS, which `Upgrade` conducts.

  /**
   * Lets another connection take this one over, with TLS. From now on the streams of this one are of no use.
   *
   * @param {Connection} next
   * @param {Handshake} handshake
   */
  upgradeTo(next, handshake) {
    const hasUnread = this.#source?.hasUnread === true;
    const upgrade = new Upgrade(this, next, this.#endpoint, handshake, hasUnread);
    this.#upgrade = next.#origin = upgrade;
    this.#endReadable();
    this.#endError = upgrade.writeError;
    this.#sink?.stopTaking(upgrade.writeError);
    if (this.#state === OPEN) upgrade.begin();
  }

  /**
   * Calls back when everything that was written is sent; what is written from now on fails.
   *
   * @param {unknown} error
   * @param {() => void} then
   */
  drain(error, then) {
    const sink = this.#sink;
    this.#endError = error;
    if (sink === undefined || this.#isWriteOver) then();
    else sink.drain(error, then);
  }

  /**
   * Ends, and leaves the native connection to somebody else; false if it is lost.
   *
   * @param {unknown} error What later writes fail with.
   */
  leaveTo(error) {
    if (this.#state === ENDED) return false;
    this.#errorWritable(error);
    this.#leave();
    return true;
  }

  /**
   * Ends, since nobody wants to take it over any more. What was written before is sent.
   *
   * @param {unknown} error
   */
  giveUp(error) {
    if (this.#state === OPEN) this.#closeWith(error);
    if (this.#state !== PENDING) return;
    this.opened.reject(error);
    this.#end(error);
  }

  /** Lets the connection that this one took over end first. */
  #endFormer() {
    this.#origin?.forgetTimer();
    this.#origin?.finish();
    this.#origin = undefined;
  }

  // What the streams report.

  awaitRead() {
    this.#await(FOR_READ);
  }

  /** The reads that waited were served, maybe without the event that they waited for. */
  stopAwaitingRead() {
    this.#await(0, FOR_READ);
  }

  awaitWrite() {
    this.#await(FOR_WRITE);
  }

  /** Writes were gathered; if they can't be sent, this has to be told. */
  awaitFlush() {
    if (this.#waitsFor & FOR_FLUSH) return;
    this.#await(FOR_FLUSH);
    scheduleFlush(this);
  }

  onFlushed() {
    this.#await(0, FOR_FLUSH);
  }

  /** The peer's FIN was read. */
  onEnd() {
    this.#endReadable();
    if (this.#isWriteOver) return this.#finish();
    if (this.#allowHalfOpen) return;
    // The writable ends with the readable. Not in this turn, though: a `pipeTo` that was fed by the readable is about to
    // close the writable in good order.
    setImmediate(() => this.#endHalfOpen());
  }

  /** Ends the writable of a socket whose peer has ended, behind everything that was written. */
  #endHalfOpen() {
    if (this.#isWriteOver || this.#state !== OPEN) return;
    this.#state = CLOSING;
    // A stream that somebody may hold can only be ended from below by an error.
    const error = endedError(`write to ${this.#endpoint} failed: the peer has ended the connection`, 'EPIPE');
    this.#endWritable(error, () => this.#end(error));
  }

  onReadFailed() {
    this.#fail(this.#takeError('read'));
  }

  /**
   * There is no memory for what is to be read.
   *
   * @param {unknown} cause
   */
  onOutOfMemory(cause) {
    const message = `read from ${this.#endpoint} failed: there is no memory for a chunk`;
    this.#fail(new SocketError(message, { code: 'ENOMEM', cause }));
  }

  /** The user cancelled the readable. */
  onCancel() {
    this.#isReadOver = this.#isCancelled = true;
    this.#await(0, FOR_READ);
    if (this.#isWriteOver) this.#finish();
  }

  /** The user closed the writable, and everything is sent. */
  onFinished() {
    this.#isWriteOver = true;
    if (this.#isReadOver) this.#finish();
  }

  /**
   * The user aborted the writable.
   *
   * @param {boolean} isTruncated Whether writes were dropped.
   */
  onAbort(isTruncated) {
    this.#isWriteOver = true;
    if (this.#state === ENDED) return;
    if (this.#state !== PENDING) core.abandon(this.key, isTruncated);
    if (this.#isReadOver) this.#finish();
  }

  /** A write failed. What the peer had sent before stays readable. Returns the error for the write. */
  onWriteFailed() {
    const error = this.#takeError('write');
    this.#breakWritable(error);
    return error;
  }

  /**
   * What the core reports.
   *
   * @param {number} happened
   */
  onEvent(happened) {
    if (happened & OPENED) return this.#onOpened();
    if (happened & CONNECT_FAILED) return this.#onConnectFailed();
    if (happened & CLOSED) return this.#onClosed(happened);
    if (happened & BROKEN) {
      this.#await(0, FOR_WRITE);
      this.#breakWritable(this.#takeError('write'));
    }
    if (happened & WRITABLE && this.#waitsFor & FOR_WRITE) {
      this.#await(0, FOR_WRITE);
      this.#sink?.resume();
    }
    if (happened & READABLE && this.#waitsFor & FOR_READ) {
      this.#await(0, FOR_READ);
      this.#source?.serve();
    }
  }

  #onOpened() {
    this.#endFormer();
    this.#state = OPEN;
    this.#await(0, FOR_OPEN);
    const { localAddress, resolvedAddress, alpn } = /** @type {NativeInfo} */ (core.info(this.key));
    this.opened.resolve({ remoteAddress: this.#endpoint, localAddress, alpn: alpn ?? null, resolvedAddress });
    this.#sink?.resume();
    if (this.#upgrade !== undefined) return this.#upgrade.begin();
    // Both streams may have been given up in the meantime.
    if (this.#isReadOver && this.#isWriteOver) this.#finish();
    else this.#source?.serve();
  }

  #onConnectFailed() {
    this.#endFormer();
    const error = this.#takeError('connect');
    this.failToOpen(error);
    this.#upgrade?.onLost(error);
  }

  /**
   * A close that had to wait for the peer is over: everything was sent, or the peer took nothing for too long.
   *
   * @param {number} happened
   */
  #onClosed(happened) {
    this.#leave();
    if (happened & WRITABLE) this.#sink?.resume();
    this.#errorWritable(this.#endError ?? this.#closedError());
    if (!this.#leavesClosedPending) this.closed.resolve(undefined);
  }

  /**
   * The send side failed. The readable goes on to the end of what has arrived, and fails there.
   *
   * @param {unknown} error
   */
  #breakWritable(error) {
    if (this.#state === ENDED) return;
    if (this.#state === OPEN && !this.#isReadOver && core.hasInput(this.key))
      return this.#errorWritable(error);
    this.#fail(error);
  }

  /**
   * The connection is lost.
   *
   * @param {unknown} error
   */
  #fail(error) {
    if (this.#state === ENDED) return;
    this.#upgrade?.onLost(error);
    if (!this.#isReadOver) {
      this.#isReadOver = true;
      this.#readFailure = { error };
      this.#source?.error(error);
    }
    this.#end(error);
  }

  // The ends of things.

  #endReadable() {
    if (this.#isReadOver) return;
    this.#isReadOver = true;
    this.#source?.close();
  }

  /**
   * Errors the writable once everything that was written so far is sent.
   *
   * @param {unknown} error
   * @param {() => void} then
   */
  #endWritable(error, then) {
    const sink = this.#sink;
    if (sink === undefined || this.#isWriteOver) {
      this.#errorWritable(error);
      return then();
    }
    this.#endError = error;
    let isDrained = false;
    sink.drain(error, () => {
      isDrained = true;
      then();
    });
    if (isDrained) return;
    // From now on the peer must go on taking bytes, and what it sends is discarded.
    core.drain(this.key);
    this.#await(FOR_CLOSE);
  }

  /** @param {unknown} error */
  #errorWritable(error) {
    if (this.#isWriteOver) return;
    this.#isWriteOver = true;
    this.#writeFailure = { error };
    this.#sink?.error(error);
  }

  /** Both sides came to their end by themselves. */
  #finish() {
    if (this.#state === PENDING) return;
    // Nothing is left to shake hands over.
    if (this.#state !== ENDED) this.#upgrade?.onFinished();
    if (this.#isCancelled && this.#writeFailure === undefined && this.#state === OPEN) {
      // Spec: cancelling the readable and closing the writable does not resolve `closed`.
      this.#leavesClosedPending = true;
      this.#release();
    } else {
      this.#end(undefined);
    }
  }

  /**
   * Ends everything that has not ended yet, and settles `closed` when the descriptor is closed.
   *
   * @param {unknown} error
   */
  #end(error) {
    this.#endReadable();
    this.#errorWritable(error);
    if (this.#release()) this.closed.resolve(undefined);
  }

  /** Closes the descriptor; false if that has to wait for the peer. */
  #release() {
    if (this.#state === ENDED) return true;
    if (this.key !== NO_KEY && close(this.key) === WAIT) {
      this.#state = CLOSING;
      this.#await(FOR_CLOSE, this.#waitsFor);
      return false;
    }
    this.#leave();
    return true;
  }

  /** The descriptor is closed. */
  #leave() {
    this.#state = ENDED;
    this.#origin?.forgetTimer();
    this.#await(0, this.#waitsFor);
    // What is left must not outlive this: an error in `closed` may refer to its target by its stack.
    if (this.#remains !== undefined) collected.unregister(this.#remains);
    this.#remains = undefined;
  }

  #closedError() {
    return endedError(`the socket to ${this.#endpoint} is closed`, 'ERR_SOCKET_CLOSED');
  }

  /**
   * Takes the native failure as the error that users see.
   *
   * @param {string} syscall
   */
  #takeError(syscall) {
    const failure = core.takeFailure(this.key);
    if (failure !== null) return fromFailure(failure, this.#endpoint);
    return new SocketError(`${syscall} ${this.#endpoint} failed: the socket is closed`, {
      code: 'ERR_SOCKET_CLOSED',
    });
  }

  /**
   * @param {number} more What to wait for from here on.
   * @param {number} [less] What not to wait for any more.
   */
  #await(more, less = 0) {
    const before = this.#waitsFor;
    const after = (before & ~less) | more;
    if (after === before) return;
    this.#waitsFor = after;
    if (this.key === NO_KEY) return;
    if (after === 0) letGo(this.key);
    else if (before === 0) hold(this, this.key);
  }
}

exports.Connection = Connection;
