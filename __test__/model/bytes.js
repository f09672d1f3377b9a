// What goes over the wire: one long text in each direction, so that a byte that is lost, doubled or moved shows.

/** The most that a sequence may write, and its peer may send, of either. */
export const MOST = 16_000_000;

/** What clients write. It is ASCII, so that any part of it can be written as a string too. */
const written = randomText(1);

/** What peers send. */
const sent = randomText(2);

/** A part of what clients write; what comes after `startTls()` comes from the other end. */
export function outgoing(isSecure, from, size) {
  const at = isSecure ? from + MOST / 2 : from;
  return written.subarray(at, at + size);
}

/** A part of what peers send. */
export const incoming = (from, size) => sent.subarray(from, from + size);

/** xorshift32; only that it does not repeat itself soon matters. */
function randomText(seed) {
  const words = new Uint32Array(MOST / 4);
  let state = seed * 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state & 0x7f7f7f7f;
  }
  return Buffer.from(words.buffer);
}
