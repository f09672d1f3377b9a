'use strict';

const { describe, quote } = require('./describe.js');
const { SocketError } = require('./errors.js');

// Taken once, so that nothing that happens to the globals later matters.
const fromBigInt = Number;
const { isFinite: isFiniteNumber } = Number;
const { trunc } = Math;

/**
 * Reads one member of a dictionary, once. A getter that throws fails the call with its error as `cause`.
 *
 * @param {object} dictionary
 * @param {string} name
 * @param {string} owner What the dictionary is: `'address'`, `'options'`.
 * @returns {unknown}
 */
function readMember(dictionary, name, owner) {
  try {
    return /** @type {Record<string, unknown>} */ (dictionary)[name];
  } catch (cause) {
    throw invalidValue(`reading ${name} of the ${owner} threw`, { cause });
  }
}

/**
 * Converts a value to a DOMString. https://webidl.spec.whatwg.org/#es-DOMString
 *
 * @param {unknown} value
 * @param {string} what What the value is: `'hostname of the address'`.
 * @returns {string}
 */
function toDomString(value, what) {
  if (typeof value === 'string') return value;
  try {
    // Not String(value), which would let symbols through.
    return `${value}`;
  } catch (cause) {
    throw invalidType(`the ${what} must be a string, got ${describe(value)}`, { cause });
  }
}

/**
 * Converts a value to an integer, and enforces its range. https://webidl.spec.whatwg.org/#abstract-opdef-converttoint
 *
 * @param {unknown} value
 * @param {string} what
 * @param {number} max
 * @param {string} code The code of a value out of range.
 * @returns {number}
 */
function toInteger(value, what, max, code) {
  const number = toNumber(value, what);
  const integer = trunc(number);
  // Written so that NaN fails too.
  if (!(integer >= 0 && integer <= max)) {
    throw new SocketError(`the ${what} must be from 0 to ${max}, got ${shown(value)}`, { code });
  }
  // -0.5 truncates to -0.
  return integer + 0;
}

/**
 * Converts a value to a count of bytes as workerd converts its 64-bit options: from a number, or from a BigInt that fits.
 * Unlike above a negative fraction is out of range.
 *
 * @param {unknown} value
 * @param {string} what
 * @returns {number}
 */
function toByteCount(value, what) {
  const number = typeof value === 'bigint' ? fromBigInt(value) : toNumber(value, what);
  if (!isFiniteNumber(number) || number < 0 || number > 2 ** 64) {
    throw invalidValue(`the ${what} must be a number of bytes, 0 or more, got ${shown(value)}`);
  }
  return trunc(number) + 0;
}

/**
 * @param {unknown} value
 * @param {string} what
 * @returns {number}
 */
function toNumber(value, what) {
  try {
    return +(/** @type {any} */ (value));
  } catch (cause) {
    // Symbols and BigInts, and objects whose conversion throws.
    throw invalidType(`the ${what} must be a number, got ${describe(value)}`, { cause });
  }
}

/**
 * @param {unknown} value
 */
function shown(value) {
  if (typeof value === 'number') return `${value}`;
  return typeof value === 'string' ? quote(value) : describe(value);
}

/**
 * @param {string} message
 * @param {{ cause?: unknown }} [options]
 */
function invalidType(message, options) {
  return new SocketError(message, { ...options, code: 'ERR_INVALID_ARG_TYPE' });
}

/**
 * @param {string} message
 * @param {{ cause?: unknown }} [options]
 */
function invalidValue(message, options) {
  return new SocketError(message, { ...options, code: 'ERR_INVALID_ARG_VALUE' });
}

module.exports = { invalidType, invalidValue, readMember, toByteCount, toDomString, toInteger };
