'use strict';

// A genuine default reader whose reads go straight to the socket, as long as the stream holds nothing that would have to
// come first. `pipeTo`, `tee`, iteration and BYOB readers use the stream itself and never get here.

const { isFast, looksLike, override } = require('./fast-path.js');

/** @import { Source } from './readable.js' */

/**
 * Where `isDisturbed()` of `node:stream`, and with it `fetch()`, asks a stream whether it was read from: it would not know
 * of the reads that go past it.
 */
const DISTURBED = Symbol.for('nodejs.stream.disturbed');

/** @extends {ReadableStreamDefaultReader<Uint8Array>} */
class FastReader extends ReadableStreamDefaultReader {
  /** Gone once the lock is released; never there if the stream has to answer. @type {Source | undefined} */
  #source;
  /** Until it was read from. @type {ReadableStream<Uint8Array> | undefined} */
  #untouched;

  /**
   * @param {ReadableStream<Uint8Array>} stream
   * @param {Source} source
   */
  constructor(stream, source) {
    super(stream);
    if (!source.attach()) return;
    this.#source = source;
    this.#untouched = stream;
  }

  /** @override */
  read() {
    const result = FastReader.#sourceOf(this)?.read();
    if (result === undefined) return super.read();
    if (this.#untouched !== undefined) {
      Object.defineProperty(this.#untouched, DISTURBED, { value: true, configurable: true });
      this.#untouched = undefined;
    }
    return result;
  }

  /** @override */
  releaseLock() {
    const waiting = FastReader.#sourceOf(this)?.detach();
    if (waiting !== undefined) this.#source = undefined;
    super.releaseLock();
    if (waiting === undefined || waiting.length === 0) return;
    // As Node's own readers do.
    const error = Object.assign(new TypeError('Invalid state: Releasing reader'), {
      code: 'ERR_INVALID_STATE',
    });
    for (const { reject } of waiting) reject(error);
  }

  /**
   * Methods may be called on anything; what is none of ours goes to the genuine one.
   *
   * @param {unknown} reader
   */
  static #sourceOf(reader) {
    return typeof reader === 'object' && reader !== null && #source in reader ? reader.#source : undefined;
  }
}

looksLike(FastReader, ReadableStreamDefaultReader);

/**
 * Gives the stream a `getReader` that makes fast readers.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {Source} source
 */
function withFastReader(stream, source) {
  if (!isFast) return stream;
  const genuine = stream.getReader;
  return override(
    stream,
    'getReader',
    /**
     * @this {ReadableStream<Uint8Array>}
     * @param {{ mode?: 'byob' }} [options]
     */
    function getReader(options) {
      if (this === stream && options === undefined) return new FastReader(stream, source);
      return Reflect.apply(genuine, this, [options]);
    },
  );
}

exports.withFastReader = withFastReader;
