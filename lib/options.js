'use strict';

const { describe, quote } = require('./describe.js');
const { toProtocols, toServerName } = require('./tls-names.js');
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

/**
 * Parses the options of `connect()`. https://sockets-api.proposal.wintertc.org/#socketoptions-dictionary
 *
 * @param {unknown} options
 * @param {Options['secureTransport']} [defaultTransport]
 * @returns {Readonly<Options>}
 */
function parseOptions(options, defaultTransport = 'off') {
  if (options === undefined || options === null) {
    return defaultTransport === 'off' ? DEFAULTS : { ...DEFAULTS, secureTransport: defaultTransport };
  }
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw invalidType(`the options must be an object, got ${describe(options)}`);
  }

  // As in a Web IDL dictionary each member is read once and converted before the next, in the order of the alphabet.
  const allowHalfOpen = Boolean(readMember(options, 'allowHalfOpen', 'options'));
  const alpn = toProtocols(readMember(options, 'alpn', 'options'), 'alpn');
  const highWaterMark = toHighWaterMark(readMember(options, 'highWaterMark', 'options'));
  const secureTransport = toSecureTransport(
    readMember(options, 'secureTransport', 'options'),
    defaultTransport,
  );
  const sni = toServerName(readMember(options, 'sni', 'options'), 'sni');

  if (secureTransport === 'off') {
    if (sni !== undefined) throw needsTls('sni');
    if (alpn !== undefined) throw needsTls('alpn');
  }
  return { secureTransport, allowHalfOpen, sni, alpn, highWaterMark };
}

/**
 * @param {unknown} value
 * @param {Options['secureTransport']} ifMissing
 * @returns {Options['secureTransport']}
 */
function toSecureTransport(value, ifMissing) {
  if (value === undefined) return ifMissing;
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
 * @param {string} option
 */
function needsTls(option) {
  return invalidValue(`the option ${option} needs secureTransport "on" or "starttls"`);
}

module.exports = { parseOptions };
