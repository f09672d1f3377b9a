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

/**
 * Lets the instances of a subclass pass for those of its base.
 *
 * @param {Function} derived
 * @param {Function} base
 */
function looksLike(derived, base) {
  Object.defineProperty(derived.prototype, 'constructor', { value: base });
}

exports.isFast = isFast;
exports.looksLike = looksLike;
exports.override = override;
