'use strict';

/**
 * So many bytes are handed to the socket at a time: small writes that waited go together, and a large one shows its
 * progress, which `timeout` and the memory of its rest depend on.
 */
const PIECE = 262144;

/**
 * The same bytes in pieces of a good size.
 *
 * @param {Buffer[]} chunks
 * @returns {Generator<Uint8Array, undefined>}
 */
function* pieces(chunks) {
  /** @type {Buffer[]} */
  let small = [];
  let size = 0;
  for (const chunk of chunks) {
    if (size > 0 && size + chunk.length > PIECE) {
      yield Buffer.concat(small, size);
      [small, size] = [[], 0];
    }
    if (chunk.length < PIECE) {
      small.push(chunk);
      size += chunk.length;
    } else {
      for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
    }
  }
  if (small.length === 1) yield small[0];
  else if (size > 0) yield Buffer.concat(small, size);
}

exports.pieces = pieces;
