'use strict';

// Native connection ← writes: inline send, gathering, and knowing when everything has left.

const { isPlain, makeStrategy, toBytes } = require('./chunks.js');
const { WAIT, FAILED, GATHERED, COPY, SYSTEM_CALL, send, shutdown, mustYield } = require('./core.js');
const { withFastWriter } = require('./fast-writer.js');
const { setImmediate } = require('./timing.js');

const encoder = new TextEncoder();

/** @typedef {{ resolve: (value: undefined) => void, reject: (error: unknown) => void, onSettled: (() => void) | undefined }} Waiter */

/** The sink of a socket's `writable`. */
class Sink {
  /** @type {import('./connection.js').Connection} */
  #connection;
  /** Gone when the stream is closed, aborted or errored. @type {WritableStreamDefaultController | undefined} */
  #controller;
  /** What waits for the connection to open, or for the peer to take bytes. @type {Waiter | undefined} */
  #waiter;
  /** How many writes the stream took, and how many of them are done; the difference is still to be sent. */
  #taken = 0;
  #done = 0;
  /**
   * What to do once `at` writes are done; those behind them fail.
   *
   * @type {{ at: number, error: unknown, onDrained: (() => void) | undefined } | undefined}
   */
  #drain;
  /** The user has closed the stream, which may not have come to it yet. */
  #isClosing = false;
  /** How a write goes on that was sent before the stream was told of it. @type {(() => Promise<unknown>) | undefined} */
  #goOn;

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** @param {WritableStreamDefaultController} controller */
  start(controller) {
    this.#controller = controller;
    // Until the connection is open, writes wait in the stream.
    if (this.#connection.isPending) return this.#wait();
  }

  /** Counts a write at the moment when the user makes it; only the queuing strategy is told that early. */
  countTaken() {
    this.#taken++;
  }

  /** A close is in the stream from now on, where `desiredSize` does not show it. */
  willClose() {
    this.#isClosing = true;
  }

  /**
   * Sends a chunk without the stream's knowledge; only when nothing is in the stream. True if that is all. Else the chunk
   * has to be written to the stream, which then waits, or fails, in the ordinary way, though the bytes are sent only once.
   *
   * @param {unknown} chunk
   */
  sendDirectly(chunk) {
    const connection = this.#connection;
    if (this.#controller === undefined || this.#isClosing || this.#drain !== undefined || !connection.isOpen)
      return false;
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    // Whatever needs a closer look has it in the stream.
    if (!isPlain(bytes)) return false;
    const sent = send(connection.key, bytes);
    if (sent === WAIT) {
      connection.awaitWrite();
      const sentAll = this.#wait(() => this.#countDone());
      // A stream that has not started yet takes it later, or never, if it is errored in this very turn.
      sentAll.catch(() => {});
      this.#goOn = () => sentAll;
    } else if (sent === FAILED) {
      this.#goOn = () => {
        throw connection.onWriteFailed();
      };
    } else {
      if (sent === GATHERED) connection.awaitFlush();
      if (!mustYield(sent === GATHERED ? COPY : SYSTEM_CALL)) return true;
      this.#goOn = () => {
        this.#countDone();
        return new Promise(setImmediate);
      };
    }
    return false;
  }

  /** @param {unknown} chunk */
  write(chunk) {
    if (this.#goOn !== undefined) {
      const goOn = this.#goOn;
      this.#goOn = undefined;
      return goOn();
    }
    if (this.#drain !== undefined && this.#done >= this.#drain.at) throw this.#drain.error;
    const connection = this.#connection;
    const bytes = this.#take(chunk);
    const sent = send(connection.key, bytes);
    if (sent === WAIT) {
      connection.awaitWrite();
      return this.#wait(() => this.#countDone());
    }
    if (sent === FAILED) throw connection.onWriteFailed();
    if (sent === GATHERED) connection.awaitFlush();
    this.#countDone();
    if (mustYield(sent === GATHERED ? COPY : SYSTEM_CALL)) return new Promise(setImmediate);
  }

  close() {
    const connection = this.#connection;
    this.#controller = undefined;
    // A stream hands over every write before it closes.
    this.#done = this.#taken;
    const sent = shutdown(connection.key);
    if (sent === FAILED) throw connection.onWriteFailed();
    if (sent !== WAIT) return this.#finish();
    connection.awaitWrite();
    return this.#wait(() => this.#finish());
  }

  abort() {
    this.#controller = undefined;
    this.#connection.onAbort(this.#done < this.#taken);
  }

  /** Lets what waited go on: the connection is open, or all bytes are sent. */
  resume() {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(undefined);
    waiter?.onSettled?.();
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
   * Calls back when every write so far is done, at once if there is none to wait for. Later writes fail.
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
    this.#waiter?.reject(error);
    this.#waiter = undefined;
    this.#drain = undefined;
  }

  #finish() {
    this.#connection.onFinished();
    this.#checkDrain();
  }

  #countDone() {
    this.#done++;
    // Not at once: a close may be next in the stream, and it is to be done, not aborted.
    if (this.#drain !== undefined) setImmediate(() => this.#checkDrain());
  }

  #checkDrain() {
    const drain = this.#drain;
    if (drain?.onDrained === undefined || this.#waiter !== undefined) return;
    if (this.#done < drain.at && this.#controller !== undefined) return this.#findDropped(drain);
    this.#drain = undefined;
    drain.onDrained();
  }

  /**
   * A stream that is errored from outside, as `addAbortSignal()` of `node:stream` does it, drops its writes, and tells
   * nobody. But one that has writes brings the next within a turn.
   *
   * @param {object} drain
   */
  #findDropped(drain) {
    const done = this.#done;
    const look = () => {
      if (this.#drain !== drain || this.#waiter !== undefined || this.#done !== done) return;
      this.abort();
      this.#checkDrain();
    };
    setImmediate(() => setImmediate(look));
  }

  /** @param {unknown} chunk */
  #take(chunk) {
    try {
      return toBytes(chunk);
    } catch (error) {
      // What a sink throws ends its stream. What was written before is sent.
      this.#done++;
      this.abort();
      throw error;
    }
  }

  /**
   * @param {() => void} [onSettled] Called when the wait ends well.
   * @returns {Promise<undefined>}
   */
  #wait(onSettled) {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject, onSettled };
    });
  }
}

/**
 * @param {Sink} sink
 * @param {number | undefined} highWaterMark In bytes; without it, one write at a time.
 * @returns {WritableStream}
 */
function makeWritable(sink, highWaterMark) {
  const stream = new WritableStream(sink, makeStrategy(sink, highWaterMark));
  return highWaterMark === undefined ? withFastWriter(stream, sink) : stream;
}

exports.Sink = Sink;
exports.makeWritable = makeWritable;
