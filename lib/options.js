'use strict';

const { byteLength } = require('node:buffer').Buffer;

const { toHostname } = require('./address.js');
const { describe, quote } = require('./describe.js');
const { SocketError } = require('./errors.js');
const { invalidType, invalidValue, readMember, toByteCount, toDomString } = require('./webidl.js');

/**
 * The options of a socket after validation; `undefined` stands for what was not given.
 *
 * @typedef {object} Options
 * @property {import('../index.js').SecureTransportKind} secureTransport
 * @property {boolean} allowHalfOpen
 * @property {string | undefined} sni In its ASCII form.
 * @property {readonly string[] | undefined} alpn Never empty.
 * @property {number | undefined} highWaterMark In bytes.
 */

/**
 * What `connect(address)` means; one object for all of them.
 *
 * @type {Readonly<Options>}
 */
const DEFAULTS = Object.freeze({
  secureTransport: 'off',
  allowHalfOpen: false,
  sni: undefined,
  alpn: undefined,
  highWaterMark: undefined,
});

/** The length of a protocol name is one byte on the wire, that of the whole list two. RFC 7301 §3.1 */
const LONGEST_PROTOCOL = 255;
const LONGEST_PROTOCOL_LIST = 65535;

/**
 * Parses the options of `connect()`. https://sockets-api.proposal.wintertc.org/#socketoptions-dictionary
 *
 * @param {unknown} options
 * @returns {Readonly<Options>}
 */
function parseOptions(options) {
  if (options === undefined || options === null) return DEFAULTS;
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw invalidType(`the options must be an object, got ${describe(options)}`);
  }

  // As in a Web IDL dictionary each member is read once and converted before the next, in the order of the alphabet.
  const allowHalfOpen = Boolean(readMember(options, 'allowHalfOpen', 'options'));
  const alpn = toProtocols(readMember(options, 'alpn', 'options'));
  const highWaterMark = toHighWaterMark(readMember(options, 'highWaterMark', 'options'));
  const secureTransport = toSecureTransport(readMember(options, 'secureTransport', 'options'));
  const sni = toServerName(readMember(options, 'sni', 'options'));

  if (secureTransport === 'off') {
    if (sni !== undefined) throw needsTls('sni');
    if (alpn !== undefined) throw needsTls('alpn');
  }
  return { secureTransport, allowHalfOpen, sni, alpn, highWaterMark };
}

/**
 * @param {unknown} value
 * @returns {Options['secureTransport']}
 */
function toSecureTransport(value) {
  if (value === undefined) return 'off';
  const kind = toDomString(value, 'option secureTransport');
  if (kind === 'off' || kind === 'on' || kind === 'starttls') return kind;
  throw invalidValue(`the option secureTransport must be "off", "on" or "starttls", got ${quote(kind)}`);
}

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function toHighWaterMark(value) {
  return value === undefined ? undefined : toByteCount(value, 'option highWaterMark');
}

/**
 * `null` is the spec's default, and means the same as leaving it out.
 *
 * @param {unknown} value
 * @returns {string | undefined}
 */
function toServerName(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidType(`the option sni must be a string, got ${describe(value)}`);
  return toHostname(value, (problem) => invalidValue(`the option sni is ${quote(value)}: ${problem}`));
}

/**
 * An empty list is the spec's default, and means the same as leaving it out.
 *
 * @param {unknown} value
 * @returns {readonly string[] | undefined}
 */
function toProtocols(value) {
  if (value === undefined || value === null) return undefined;
  // A string is iterable too, but "h2" is not meant as the protocols "h" and "2".
  if (typeof value !== 'object') throw notAList(value);
  const protocols = [];
  let bytes = 0;
  try {
    for (const protocol of /** @type {Iterable<unknown>} */ (value)) {
      protocols.push(toProtocol(protocol));
      bytes += 1 + byteLength(protocols[protocols.length - 1]);
      // Checked here, since an iterable need not end.
      if (bytes > LONGEST_PROTOCOL_LIST) {
        throw invalidValue(`the option alpn is longer than ${LONGEST_PROTOCOL_LIST} bytes`);
      }
    }
  } catch (error) {
    if (error instanceof SocketError) throw error;
    throw notAList(value, { cause: error });
  }
  return protocols.length === 0 ? undefined : protocols;
}

/**
 * @param {unknown} protocol
 * @returns {string}
 */
function toProtocol(protocol) {
  if (typeof protocol !== 'string') {
    throw invalidType(`the protocols of the option alpn must be strings, got ${describe(protocol)}`);
  }
  if (protocol === '') throw invalidValue('the protocols of the option alpn must not be empty');
  if (byteLength(protocol) > LONGEST_PROTOCOL) {
    throw invalidValue(
      `the protocol ${quote(protocol)} of the option alpn is longer than ${LONGEST_PROTOCOL} bytes`,
    );
  }
  return protocol;
}

/**
 * @param {unknown} value
 * @param {{ cause: unknown }} [options]
 */
function notAList(value, options) {
  return invalidType(`the option alpn must be a list of protocol names, got ${describe(value)}`, options);
}

/**
 * @param {string} option
 */
function needsTls(option) {
  return invalidValue(`the option ${option} needs secureTransport "on" or "starttls"`);
}

module.exports = { parseOptions };
