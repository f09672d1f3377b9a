'use strict';

// Whether readers and writers take the short way past the stream's machinery wherever nobody can tell the difference.

/** `WINTER_SOCKETS_FAST_PATH=0` turns it off, to tell whether an oddity comes from there. */
const isFast = process.env.WINTER_SOCKETS_FAST_PATH !== '0';

/**
 * Gives one stream a method of its own. A subclass would do the same, but make each stream twice as expensive on Node 20.
 *
 * @template {object} T
 * @param {T} stream
 * @param {string} name
 * @param {Function} value
 * @returns {T}
 */
function override(stream, name, value) {
  return Object.defineProperty(stream, name, { value, configurable: true, writable: true });
}

exports.isFast = isFast;
exports.override = override;
