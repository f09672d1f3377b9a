'use strict';

// What users write: its bytes, and what it counts against a high-water mark.

const { types } = require('node:util');

const { describe } = require('./describe.js');

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/**
 * The bytes of a chunk, to be sent before anybody can change them.
 *
 * @param {unknown} chunk
 * @returns {Uint8Array}
 */
function toBytes(chunk) {
  if (typeof chunk === 'string') return encoder.encode(chunk);
  if (ArrayBuffer.isView(chunk)) {
    const { buffer, byteOffset } = chunk;
    if (isShared(buffer)) return new Uint8Array(buffer, byteOffset, chunk.byteLength).slice();
    return chunk instanceof Uint8Array ? chunk : new Uint8Array(buffer, byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  // Another thread may change shared memory during the call: it is copied first.
  if (isShared(chunk)) return new Uint8Array(chunk).slice();
  if (chunk === undefined) return NOTHING;
  if (types.isAnyArrayBuffer(chunk)) return new Uint8Array(chunk);
  throw new TypeError(
    `a socket takes strings, ArrayBuffers and views of them, but was given ${describe(chunk)}: ` +
      'encode it first, for example with JSON.stringify()',
  );
}

/**
 * The queuing strategy of a writable.
 *
 * @param {{ countTaken(): void }} sink Is told of each write at the moment when the user makes it.
 * @param {number | undefined} highWaterMark In bytes; without it, one write at a time.
 * @returns {QueuingStrategy<unknown>}
 */
function makeStrategy(sink, highWaterMark) {
  return {
    highWaterMark: highWaterMark ?? 1,
    size(chunk) {
      sink.countTaken();
      return highWaterMark === undefined ? 1 : byteLength(chunk);
    },
  };
}

/**
 * What a chunk counts against a high-water mark in bytes. What is no chunk is refused when it is written.
 *
 * @param {unknown} chunk
 */
function byteLength(chunk) {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk);
  try {
    return ArrayBuffer.isView(chunk) || types.isAnyArrayBuffer(chunk) ? chunk.byteLength : 0;
  } catch {
    // A DataView whose memory is gone. If this threw, the stream would fail, and its sink would not be told.
    return 0;
  }
}

/**
 * @param {unknown} buffer
 * @returns {buffer is SharedArrayBuffer}
 */
function isShared(buffer) {
  return types.isSharedArrayBuffer(buffer);
}

/**
 * Whether a chunk can be sent as it is.
 *
 * @param {unknown} chunk
 * @returns {chunk is Uint8Array}
 */
function isPlain(chunk) {
  try {
    return types.isUint8Array(chunk) && !isShared(chunk.buffer);
  } catch {
    // Its `buffer` is somebody else's.
    return false;
  }
}

exports.isPlain = isPlain;
exports.makeStrategy = makeStrategy;
exports.toBytes = toBytes;
