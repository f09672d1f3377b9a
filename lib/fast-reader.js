'use strict';

// A genuine default reader whose reads go straight to the socket, as long as the stream holds nothing that would have to
// come first. `pipeTo`, `tee`, iteration and BYOB readers use the stream itself and never get here.

const { isFast, override } = require('./fast-path.js');

/** @import { Source } from './readable.js' */

/** @extends {ReadableStreamDefaultReader<Uint8Array>} */
class FastReader extends ReadableStreamDefaultReader {
  /** Gone once the lock is released; never there if the stream has to answer. @type {Source | undefined} */
  #source;

  /**
   * @param {ReadableStream<Uint8Array>} stream
   * @param {Source} source
   */
  constructor(stream, source) {
    super(stream);
    if (source.attach()) this.#source = source;
  }

  /** @override */
  read() {
    return this.#source?.read() ?? super.read();
  }

  /** @override */
  releaseLock() {
    const waiting = this.#source?.detach();
    this.#source = undefined;
    super.releaseLock();
    if (waiting === undefined || waiting.length === 0) return;
    // As Node's own readers do.
    const error = Object.assign(new TypeError('Invalid state: Releasing reader'), {
      code: 'ERR_INVALID_STATE',
    });
    for (const { reject } of waiting) reject(error);
  }
}

/**
 * Gives the stream a `getReader` that makes fast readers.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {Source} source
 */
function withFastReader(stream, source) {
  if (!isFast) return stream;
  const { getReader } = stream;
  return override(
    stream,
    'getReader',
    /**
     * @this {ReadableStream<Uint8Array>}
     * @param {{ mode?: 'byob' }} [options]
     */
    function (options) {
      if (this === stream && options === undefined) return new FastReader(stream, source);
      return Reflect.apply(getReader, this, [options]);
    },
  );
}

exports.withFastReader = withFastReader;
