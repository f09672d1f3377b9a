// The model: what a program has done to a socket so far, and what may come of it. `startTls()` begins another leg.
//
// Two kinds of rules follow from it. Nothing happens without a cause: whenever a promise settles, the leg is asked why that
// is right (`opened`, `closed`, `read`, `write`, `other`), and answers with a complaint if it is not. And every cause has its
// effect: `sequence.js` waits for what must come (`mustOpen`, `mustClose`, …).

import { SocketError } from '../../index.js';

import { isDocumented } from './codes.js';

/**
 * How opening turns out, if nothing else interferes.
 *
 * @typedef {object} Fate
 * @property {boolean} opens It may open.
 * @property {readonly string[]} codes It may fail with one of these.
 * @property {boolean} [hangs] It may do neither.
 */

/** @type {Record<string, Fate>} */
export const fates = {
  opens: { opens: true, codes: [] },
  refused: { opens: false, codes: ['ECONNREFUSED'] },
  answers: { opens: true, codes: [] },
  untrusted: {
    opens: false,
    codes: ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  },
  garbage: { opens: false, codes: ['ERR_SSL_WRONG_VERSION_NUMBER'] },
  ends: { opens: false, codes: ['ECONNRESET'] },
  resets: { opens: false, codes: ['ECONNRESET'] },
  silent: { opens: false, codes: [], hangs: true },
  injected: { opens: false, codes: ['ERR_TLS_PLAINTEXT_INJECTED'] },
};

/** The same, on a connection that is on its last legs, or where plain text may or may not have been read in time. */
export const unsure = (fate) => ({
  ...fate,
  codes: [
    ...fate.codes,
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ERR_TLS_PLAINTEXT_INJECTED',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ],
});

export class Leg {
  /** The leg that `startTls()` began. @type {Leg | undefined} */
  next;
  isOpen = false;
  /** @type {{ error: unknown } | undefined} */
  failure;
  isClosed = false;

  // What the program has done.

  /** The first `close()`. @type {{ reason: unknown, wasOpen: boolean, isFirst: boolean } | undefined} */
  closing;
  isCancelled = false;
  isFinished = false;
  /** The close of the writer is done. */
  hasFinished = false;
  isAborted = false;
  /** Something was written that can't be. */
  isSpoilt = false;
  /** `startTls()` was called. */
  isUpgraded = false;
  isDropped = false;
  hasPeerEnded = false;
  hasPeerReset = false;
  hasPeerTruncated = false;
  /** The peer sends to a connection that may be closed: it is answered with RST, and may lose what it has not read. */
  isDisturbed = false;
  /** What errors the program has handed in. */
  reasons = [];

  // What has come of it.

  /** Bytes that were offered to `writable`, and those whose writes resolved. */
  offered = 0;
  written = 0;
  received = 0;
  /** A read has met the end of what the peer sent. */
  isDone = false;
  reads = 0;
  /** A reader was released while it read: its socket may go on waiting for what it asked for. */
  mayStillRead = false;
  /** `closed` resolved for an end that a read is about to meet. */
  #owesEnd = false;
  /** A read has met the end of the connection, though no good one. */
  #hasFailed = false;
  #writes = 0;
  /** Writes that are to be sent, and those that resolved. */
  #due = 0;
  #taken = 0;
  #lastWritten = -1;
  #firstRefused = Infinity;
  /** Nothing was dropped when the writable was aborted, or errored by a wrong write. */
  #isWhole = true;
  /** A write was made that the stream refuses, sooner or later. The socket can't tell it from one that is dropped. */
  #hasOddWrites = false;

  /**
   * @param {object} of
   * @param {boolean} of.isSecure
   * @param {boolean} of.allowHalfOpen
   * @param {Fate} of.fate
   * @param {Leg} [of.former]
   */
  constructor({ isSecure, allowHalfOpen, fate, former }) {
    this.isSecure = isSecure;
    this.allowHalfOpen = allowHalfOpen;
    this.fate = fate;
    this.former = former;
    if (former !== undefined) former.next = this;
  }

  // What the program does.

  close(reason, isFirst) {
    if (this.closing !== undefined || this.isUpgraded) return;
    if (reason !== undefined) this.reasons.push(reason);
    this.closing = { reason, wasOpen: this.isOpen, isFirst };
  }

  abort(reason) {
    this.reasons.push(reason);
    if (this.#hasOddWrites) this.#isWhole = false;
    // It overtakes a close that waits.
    if (this.isAborted || this.isSpoilt || this.hasFinished) return;
    this.isAborted = true;
    this.isFinished = false;
    this.#isWhole = this.#taken === this.#due && !this.#hasOddWrites;
  }

  /** @param {boolean} isPeerSending */
  noteSending(isPeerSending) {
    const isReadOver = this.isCancelled || this.isDone;
    const mayBeClosed = this.closing !== undefined || this.isDropped || (isReadOver && this.isWriteOver);
    this.isDisturbed ||= isPeerSending && mayBeClosed;
  }

  /** Something is written that can't be. */
  spoil() {
    // The stream refuses it unseen when it has ended.
    const isSeen = !this.#isLate;
    this.#noteOddWrite();
    if (isSeen) this.isSpoilt = true;
  }

  /** The program has ended its side. */
  get isWriteOver() {
    return this.isFinished || this.isAborted || this.isSpoilt;
  }

  /** Notes a write that is about to be made. */
  startWrite(size) {
    const isLate = this.#isLate;
    if (isLate) {
      this.#noteOddWrite();
    } else {
      this.offered += size;
      this.#due++;
    }
    return { size, isLate, index: this.#writes++ };
  }

  /** What is written now, the program should not have written any more. */
  get #isLate() {
    return this.isWriteOver || this.closing !== undefined || this.isUpgraded;
  }

  #noteOddWrite() {
    this.#hasOddWrites = true;
    if (this.isSpoilt || this.isAborted) this.#isWhole = false;
  }

  // What may come of it: each returns a complaint, or nothing.

  opened(error, isRejected) {
    if (!isRejected) {
      this.isOpen = true;
      if (this.closing?.isFirst) return 'opened although it was closed at once';
      if (!this.fate.opens) return 'opened, which it can not';
      return;
    }
    this.failure = { error };
    if (this.closing !== undefined && !this.closing.wasOpen) {
      if (error === this.closing.reason) return;
      if (this.closing.reason === undefined && isError(error, ['ERR_SOCKET_CLOSED_BEFORE_CONNECTION']))
        return;
      if (this.closing.isFirst) return `opened rejects with another reason than that of close()`;
    }
    if (isError(error, this.fate.codes) || this.next?.isReason(error)) return;
    if ((this.hasPeerReset || this.hasPeerEnded) && isError(error, ['ECONNRESET', 'EPIPE'])) return;
    if (this.former?.mayBeLost && isError(error, this.former.codes())) return;
    return 'opened rejects without a cause';
  }

  closed(error, isRejected) {
    this.isClosed = true;
    if (isRejected) {
      if (this.failure === undefined) return 'closed rejects before opened';
      return error === this.failure.error ? undefined : 'closed and opened reject with different errors';
    }
    if (this.failure !== undefined && this.closing === undefined && !this.isUpgraded)
      return 'closed resolves after a failure';
    if (this.closing !== undefined || this.isUpgraded || this.isDropped) return;
    if (this.hasPeerReset || this.hasPeerTruncated) return;
    if (this.hasPeerEnded && this.reads > 0 && (!this.allowHalfOpen || this.isWriteOver)) {
      // The read that meets the end is about to tell, unless one has failed, which closes a socket as well.
      this.#owesEnd = !this.isDone && !this.#hasFailed;
      return;
    }
    return 'closed resolves without a cause';
  }

  /** A read gave bytes. */
  readBytes(bytes, isNext, read) {
    this.received += bytes.length;
    if (bytes.length === 0) return 'a read gives nothing';
    if (read.isLate && !this.mayStillRead) return 'a read that began after the end gives bytes';
    if (bytes.length > read.room) return 'a read gives more than its view has room for';
    if (this.isDone) return 'bytes behind the end';
    if (!this.isOpen && !this.mayOpen) return 'bytes without a connection';
    if (!isNext) return `the bytes that are read from ${this.received - bytes.length} on are others`;
    if (bytes.byteLength !== bytes.buffer.byteLength && read.room === Infinity && !this.mayStillRead)
      return 'a chunk does not own its buffer';
  }

  /** A read met the end. */
  readEnd(sent) {
    if (this.isEndedHere || this.failure !== undefined || !this.fate.opens) return;
    if (this.hasPeerEnded && this.received === sent) return void (this.isDone = true);
    // It is about to fail.
    if (this.isDropped || (!this.isOpen && this.fate.codes.length > 0)) return;
    return this.hasPeerEnded
      ? `the end comes after ${this.received} of ${sent} bytes`
      : 'an end without a cause';
  }

  readFailed(error, isReleased) {
    if (isReleased)
      return isOfStreams(error) ? undefined : 'a read whose reader was released rejects with another error';
    this.#hasFailed = true;
    this.#owesEnd = false;
    if (this.hasPeerReset && isError(error, ['ECONNRESET', 'EPIPE', 'ECONNABORTED'])) return;
    if (this.mayBeTruncated && isError(error, ['ERR_TLS_TRUNCATED', 'EPIPE', 'ECONNRESET'])) return;
    if (this.isDropped && isError(error, ['ECONNRESET', 'EPIPE'])) return;
    return 'a read fails without a cause';
  }

  /** A write is done, or not. */
  wrote(write) {
    this.written += write.size;
    this.#taken++;
    this.#lastWritten = Math.max(this.#lastWritten, write.index);
    if (write.isLate) return 'a write after the end resolves';
    if (write.index > this.#firstRefused) return 'a write resolves behind one that was refused';
    if (!this.isOpen && !this.mayOpen) return 'a write resolves without a connection';
  }

  writeFailed(write, error) {
    this.#firstRefused = Math.min(this.#firstRefused, write.index);
    if (write.index < this.#lastWritten) return 'a write was refused, but a later one resolved';
    if (write.isLate || !this.#mustTake) return this.other(error);
    return 'a write fails that had to be sent';
  }

  /** What was written before `close()` is delivered. */
  get #mustTake() {
    const isDisturbed =
      this.hasPeerEnded ||
      this.hasPeerReset ||
      this.hasPeerTruncated ||
      this.isAborted ||
      this.isSpoilt ||
      this.isDropped;
    return this.closing !== undefined ? this.closing.wasOpen && !isDisturbed : this.isOpen && !isDisturbed;
  }

  /** Something that `close()` has to send first is not sent. */
  get isUnsent() {
    return this.closing !== undefined && this.#mustTake && this.#taken < this.#due;
  }

  /** The error of anything else of the streams. */
  other(error) {
    if (this.reasons.includes(error) || isError(error, this.codes()) || this.next?.isReason(error)) return;
    if (this.failure !== undefined && error === this.failure.error) return;
    if (this.isOver && isOfStreams(error)) return;
    return 'an error without a cause';
  }

  /** What `close()` gives to the former leg, if that still has the connection. */
  isReason(error) {
    if (this.closing === undefined) return false;
    return error === this.closing.reason || isError(error, ['ERR_SOCKET_CLOSED_BEFORE_CONNECTION']);
  }

  /** The codes of what may have gone wrong. */
  codes() {
    const codes = [...this.fate.codes];
    if (this.closing !== undefined) codes.push('ERR_SOCKET_CLOSED');
    if (this.closing !== undefined && !this.closing.wasOpen)
      codes.push('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
    if (this.isUpgraded) codes.push('ERR_SOCKET_CLOSED');
    if (this.hasPeerEnded && !this.allowHalfOpen && this.reads > 0) codes.push('EPIPE');
    if (this.hasPeerReset) codes.push('ECONNRESET', 'EPIPE', 'ECONNABORTED');
    if (this.mayBeTruncated) codes.push('ERR_TLS_TRUNCATED', 'EPIPE', 'ECONNRESET');
    if (this.former?.mayBeLost) codes.push(...this.former.codes());
    return codes;
  }

  /** Node forgets its close_notify when the client's comes while it sends the session tickets. */
  get mayBeTruncated() {
    return this.hasPeerTruncated || (this.isSecure && this.isFinished);
  }

  get mayOpen() {
    return this.failure === undefined && this.fate.opens;
  }

  get mayBeLost() {
    return (
      this.hasPeerReset ||
      this.hasPeerEnded ||
      this.isWriteOver ||
      this.failure !== undefined ||
      !this.fate.opens
    );
  }

  /** Reads end because of what the program did. */
  get isEndedHere() {
    return this.closing !== undefined || this.isCancelled || this.isUpgraded;
  }

  get isOver() {
    return (
      this.isWriteOver ||
      this.closing !== undefined ||
      this.isUpgraded ||
      this.failure !== undefined ||
      this.hasPeerEnded ||
      this.hasPeerReset ||
      this.hasPeerTruncated ||
      this.isReleased === true
    );
  }

  // What must come of it.

  /** `opened` has to settle. */
  get mustOpen() {
    return this.closing !== undefined || !this.fate.hangs;
  }

  /** `closed` has to settle. */
  get mustClose() {
    if (this.closing !== undefined || this.failure !== undefined) return true;
    if (this.isUpgraded) return this.isOpen;
    return this.isDone && (!this.allowHalfOpen || this.isWriteOver);
  }

  /** `closed` resolved for an end that no read has met. */
  get closedTooEarly() {
    return this.#owesEnd && !this.isDone && !this.mayStillRead;
  }

  /** Nothing cut the connection off, so that the peer gets exactly what was written. */
  get isOrderly() {
    return this.isOpen && !this.isDisturbed && !this.hasPeerReset && !this.hasPeerTruncated && this.#isWhole;
  }
}

/** A `SocketError` with one of the codes, and all that belongs to it. */
export function isError(error, codes) {
  return (
    error instanceof SocketError &&
    error instanceof TypeError &&
    error.message.startsWith('SocketError: ') &&
    codes.includes(error.code) &&
    isDocumented(error.code)
  );
}

/** What the streams themselves say about a wrong use. */
function isOfStreams(error) {
  // On Node 20 a write to a stream that is closed throws an internal error.
  if (error.code === 'ERR_INTERNAL_ASSERTION') return true;
  return error instanceof TypeError && !(error instanceof SocketError);
}
