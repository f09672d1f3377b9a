// Streams of Node with nothing behind them, to compare with: what these cost, no socket can save but by going past them.

/**
 * @typedef {object} Streams
 * @property {ReadableStream<Uint8Array>} readable
 * @property {WritableStream} writable
 * @property {unknown} [opened]
 * @property {() => unknown} close
 */

/**
 * A stream that takes everything at once, and one that gives 64 bytes a turn later.
 *
 * @returns {Streams}
 */
export function bare() {
  const source = {
    type: /** @type {const} */ ('bytes'),
    pull: (controller) => void setImmediate(() => controller.enqueue(new Uint8Array(64))),
  };
  return {
    readable: new ReadableStream(source, { highWaterMark: 0 }),
    writable: new WritableStream({ write() {} }),
    close() {},
  };
}
