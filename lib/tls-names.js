'use strict';

// The names that TLS is about: of the server, and of the protocols to speak with it.

const { byteLength } = require('node:buffer').Buffer;

const { toHostname } = require('./address.js');
const { describe, quote } = require('./describe.js');
const { SocketError } = require('./errors.js');
const { invalidType, invalidValue } = require('./webidl.js');

/** The length of a protocol name is one byte on the wire. RFC 7301 §3.1 */
const LONGEST_PROTOCOL = 255;
/** That of the whole list is two, but it shares them with whatever else there is in the message. */
const LONGEST_PROTOCOL_LIST = 32768;

/**
 * `null` is the spec's default, and means the same as leaving it out.
 *
 * @param {unknown} value
 * @param {string} option
 * @returns {string | undefined}
 */
function toServerName(value, option) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    throw invalidType(`the option ${option} must be a string, got ${describe(value)}`);
  }
  return toHostname(value, (problem) => invalidValue(`the option ${option} is ${quote(value)}: ${problem}`));
}

/**
 * An empty list is the spec's default, and means the same as leaving it out.
 *
 * @param {unknown} value
 * @param {string} option
 * @returns {readonly string[] | undefined}
 */
function toProtocols(value, option) {
  if (value === undefined || value === null) return undefined;
  // A string is iterable too, but "h2" is not meant as the protocols "h" and "2".
  if (typeof value !== 'object') throw notAList(value, option);
  const protocols = [];
  let bytes = 0;
  try {
    for (const protocol of /** @type {Iterable<unknown>} */ (value)) {
      protocols.push(toProtocol(protocol, option));
      bytes += 1 + byteLength(protocols[protocols.length - 1]);
      // Checked here, since an iterable need not end.
      if (bytes > LONGEST_PROTOCOL_LIST) {
        throw invalidValue(`the option ${option} is longer than ${LONGEST_PROTOCOL_LIST} bytes`);
      }
    }
  } catch (error) {
    if (error instanceof SocketError) throw error;
    throw notAList(value, option, { cause: error });
  }
  return protocols.length === 0 ? undefined : protocols;
}

/**
 * @param {unknown} protocol
 * @param {string} option
 * @returns {string}
 */
function toProtocol(protocol, option) {
  if (typeof protocol !== 'string') {
    throw invalidType(`the protocols of the option ${option} must be strings, got ${describe(protocol)}`);
  }
  if (protocol === '') throw invalidValue(`the protocols of the option ${option} must not be empty`);
  if (byteLength(protocol) > LONGEST_PROTOCOL) {
    throw invalidValue(
      `the protocol ${quote(protocol)} of the option ${option} is longer than ${LONGEST_PROTOCOL} bytes`,
    );
  }
  return protocol;
}

/**
 * @param {unknown} value
 * @param {string} option
 * @param {{ cause: unknown }} [options]
 */
function notAList(value, option, options) {
  return invalidType(
    `the option ${option} must be a list of protocol names, got ${describe(value)}`,
    options,
  );
}

exports.toServerName = toServerName;
exports.toProtocols = toProtocols;
