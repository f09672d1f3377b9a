'use strict';

// A genuine writer whose writes go straight to the socket, as long as the stream is empty; what the socket does not take
// at once is written to the stream. `pipeTo` uses the stream itself and never gets here.

const { isFast, looksLike, override } = require('./fast-path.js');

/** @import { Sink } from './writable.js' */

class FastWriter extends WritableStreamDefaultWriter {
  /** Gone once every write has to go through the stream. @type {Sink | undefined} */
  #sink;

  /**
   * @param {WritableStream} stream
   * @param {Sink} sink
   */
  constructor(stream, sink) {
    super(stream);
    this.#sink = sink;
  }

  /**
   * @override
   * @param {unknown} chunk
   * @returns {Promise<void>}
   */
  write(chunk) {
    const sink = FastWriter.#sinkOf(this);
    // One write fits into the stream, so that nothing is in it.
    const isEmpty = sink !== undefined && super.desiredSize === 1;
    return isEmpty && sink.sendDirectly(chunk) ? Promise.resolve() : super.write(chunk);
  }

  /** @override */
  close() {
    const sink = FastWriter.#sinkOf(this);
    if (sink !== undefined) {
      // Another writer may follow while the close is still to come.
      sink.willClose();
      this.#sink = undefined;
    }
    return super.close();
  }

  /** @override */
  releaseLock() {
    if (FastWriter.#sinkOf(this) !== undefined) this.#sink = undefined;
    super.releaseLock();
  }

  /**
   * Methods may be called on anything; what is none of ours goes to the genuine one.
   *
   * @param {unknown} writer
   */
  static #sinkOf(writer) {
    return typeof writer === 'object' && writer !== null && #sink in writer ? writer.#sink : undefined;
  }
}

looksLike(FastWriter, WritableStreamDefaultWriter);

/**
 * Gives the stream a `getWriter` that makes fast writers. Not for streams that count bytes: there `desiredSize` would show
 * the difference.
 *
 * @param {WritableStream} stream
 * @param {Sink} sink
 */
function withFastWriter(stream, sink) {
  if (!isFast) return stream;
  const genuine = { close: stream.close, getWriter: stream.getWriter };
  override(
    stream,
    'close',
    /** @this {WritableStream} */
    function close() {
      if (this === stream) sink.willClose();
      return Reflect.apply(genuine.close, this, []);
    },
  );
  return override(
    stream,
    'getWriter',
    /** @this {WritableStream} */
    function getWriter() {
      if (this === stream) return new FastWriter(stream, sink);
      return Reflect.apply(genuine.getWriter, this, []);
    },
  );
}

exports.withFastWriter = withFastWriter;
