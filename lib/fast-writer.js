'use strict';

// A genuine writer whose writes go straight to the socket, as long as the stream is empty; what the socket does not take
// at once is written to the stream. `pipeTo` uses the stream itself and never gets here.

const { isFast, override } = require('./fast-path.js');

/** @import { Sink } from './writable.js' */

class FastWriter extends WritableStreamDefaultWriter {
  /** Gone once every write has to go through the stream. @type {Sink | undefined} */
  #sink;
  #highWaterMark;

  /**
   * @param {WritableStream} stream
   * @param {Sink} sink
   * @param {number} highWaterMark
   */
  constructor(stream, sink, highWaterMark) {
    super(stream);
    this.#sink = sink;
    this.#highWaterMark = highWaterMark;
  }

  /**
   * @override
   * @param {unknown} chunk
   * @returns {Promise<void>}
   */
  write(chunk) {
    const sink = this.#sink;
    if (sink === undefined) return super.write(chunk);
    if (this.#seesAnEmptyStream() && sink.sendDirectly(chunk)) return Promise.resolve();
    const written = super.write(chunk);
    // The stream does not count this one, though it is there: what follows has to queue up behind it.
    if (this.#seesAnEmptyStream()) this.#sink = undefined;
    return written;
  }

  /** @override */
  close() {
    this.#sink = undefined;
    return super.close();
  }

  /** @override */
  releaseLock() {
    this.#sink = undefined;
    super.releaseLock();
  }

  #seesAnEmptyStream() {
    return super.desiredSize === this.#highWaterMark;
  }
}

/**
 * Gives the stream a `getWriter` that makes fast writers.
 *
 * @param {WritableStream} stream
 * @param {Sink} sink
 * @param {number} highWaterMark
 */
function withFastWriter(stream, sink, highWaterMark) {
  if (!isFast || highWaterMark === Infinity) return stream;
  const { getWriter } = stream;
  return override(
    stream,
    'getWriter',
    /** @this {WritableStream} */
    function () {
      if (this === stream) return new FastWriter(stream, sink, highWaterMark);
      return Reflect.apply(getWriter, this, []);
    },
  );
}

exports.withFastWriter = withFastWriter;
