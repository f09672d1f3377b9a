'use strict';

// The streams of a socket over a duplex.

const { makeStrategy, toBytes } = require('./chunks.js');
const { setImmediate } = require('./timing.js');

/** @import { DuplexConnection } from './duplex-connection.js' */

/** The source of `readable`: reads from the duplex when somebody reads. */
class DuplexSource {
  /** @readonly */
  type = 'bytes';
  #connection;
  /** @type {ReadableByteStreamController | undefined} */
  #controller;
  #isWanted = false;

  /** @param {DuplexConnection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {ReadableByteStreamController} controller */
  start(controller) {
    this.#controller = controller;
  }

  pull() {
    this.#isWanted = true;
    this.serve();
  }

  cancel() {
    this.#controller = undefined;
    this.#connection.onCancel();
  }

  /** Serves the read that waits, if bytes are there. */
  serve() {
    const controller = this.#controller;
    if (!this.#isWanted || controller === undefined) return;
    const chunk = this.#connection.receive();
    if (chunk === null) return;
    // First, because giving the reader its bytes may bring the next `pull` at once.
    this.#isWanted = false;
    // A copy, since the reader may transfer it, and the memory may be somebody else's.
    controller.enqueue(new Uint8Array(chunk));
  }

  /** Whether the stream holds bytes that nobody has read. */
  get hasUnread() {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  close() {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    try {
      controller.close();
      // A BYOB read that waits gets its buffer back.
      controller.byobRequest?.respond(0);
    } catch {
      // The stream ended in the middle of an element of a BYOB view: that has errored it, as the standard has it.
    }
  }

  /** @param {unknown} error */
  error(error) {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}

/** The sink of `writable`: one write at a time goes to the duplex. */
class DuplexSink {
  #connection;
  /** @type {WritableStreamDefaultController | undefined} */
  #controller;
  /** Lets the stream begin. @type {(() => void) | undefined} */
  #onOpened;
  /** How many writes the stream took, and how many of them are done. */
  #taken = 0;
  #done = 0;
  #isSending = false;
  /** @type {{ at: number, error: unknown, onDrained: (() => void) | undefined } | undefined} */
  #drain;

  /** @param {DuplexConnection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {WritableStreamDefaultController} controller */
  start(controller) {
    this.#controller = controller;
    return new Promise((resolve) => (this.#onOpened = () => resolve(undefined)));
  }

  /** The connection is open, or will never be. */
  open() {
    this.#onOpened?.();
  }

  /** Counts a write at the moment when the user makes it. */
  countTaken() {
    this.#taken++;
  }

  /** @param {unknown} chunk */
  async write(chunk) {
    if (this.#drain !== undefined && this.#done >= this.#drain.at) throw this.#drain.error;
    const bytes = this.#take(chunk);
    this.#isSending = true;
    try {
      await this.#connection.send(bytes);
    } finally {
      this.#isSending = false;
    }
    this.#done++;
    // Not at once: a close may be next in the stream, and it is to be done, not aborted.
    if (this.#drain !== undefined) setImmediate(() => this.#checkDrain());
  }

  async close() {
    this.#controller = undefined;
    this.#done = this.#taken;
    await this.#connection.shutdown();
    this.#connection.onFinished();
    this.#checkDrain();
  }

  abort() {
    this.#controller = undefined;
    this.#connection.onAbort();
  }

  /**
   * Lets later writes fail.
   *
   * @param {unknown} error
   */
  stopTaking(error) {
    this.#drain = { at: this.#drain?.at ?? this.#taken, error, onDrained: undefined };
  }

  /**
   * Calls back when every write so far is done. Later writes fail.
   *
   * @param {unknown} error
   * @param {() => void} onDrained
   */
  drain(error, onDrained) {
    this.#drain = { at: this.#drain?.at ?? this.#taken, error, onDrained };
    this.#checkDrain();
  }

  /** @param {unknown} error */
  error(error) {
    this.#controller?.error(error);
    this.#controller = undefined;
    this.#drain = undefined;
    this.open();
  }

  #checkDrain() {
    const drain = this.#drain;
    if (drain?.onDrained === undefined || this.#isSending) return;
    if (this.#done < drain.at && this.#controller !== undefined) return this.#findDropped(drain);
    this.#drain = undefined;
    drain.onDrained();
  }

  /**
   * A stream that was errored from outside drops its writes, and tells nobody; see `Sink` of `writable.js`.
   *
   * @param {object} drain
   */
  #findDropped(drain) {
    const done = this.#done;
    const look = () => {
      if (this.#drain !== drain || this.#isSending || this.#done !== done) return;
      this.abort();
      this.#checkDrain();
    };
    setImmediate(() => setImmediate(look));
  }

  /** @param {unknown} chunk */
  #take(chunk) {
    try {
      // A copy, which nobody can change any more.
      return Buffer.from(toBytes(chunk));
    } catch (error) {
      // What a sink throws ends its stream. What was written before is sent.
      this.#done++;
      this.abort();
      throw error;
    }
  }
}

/** @param {DuplexSource} source */
function makeReadable(source) {
  return new ReadableStream(source, { highWaterMark: 0 });
}

/**
 * @param {DuplexSink} sink
 * @param {number | undefined} highWaterMark In bytes; without it, one write at a time.
 */
function makeWritable(sink, highWaterMark) {
  return new WritableStream(sink, makeStrategy(sink, highWaterMark));
}

exports.DuplexSource = DuplexSource;
exports.DuplexSink = DuplexSink;
exports.makeReadable = makeReadable;
exports.makeWritable = makeWritable;
