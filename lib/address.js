'use strict';

const { isIPv4, isIPv6 } = require('node:net');
const { domainToASCII } = require('node:url');

const { describe, quote } = require('./describe.js');
const { SocketError } = require('./errors.js');
const { invalidType, readMember, toDomString, toInteger } = require('./webidl.js');

/**
 * Where to connect to.
 *
 * @typedef {object} Address
 * @property {string} hostname What is dialled: an ASCII name, or an IP address without brackets.
 * @property {number} port
 * @property {string} remoteAddress The `host:port` that was asked for, for `SocketInfo` and messages.
 */

/** RFC 1035's limit on a name, in octets; workerd has the same one. */
const LONGEST_HOSTNAME = 255;
const HIGHEST_PORT = 65535;

/** A host, in brackets if it is an IPv6 address, and a port. */
const STRING_FORM = /^(\[[^[\]]*\]|[^:[\]]*):([0-9]+)$/;

/** The names that need no conversion. Underscores are no part of a host name, but containers and SRV names have them. */
const PLAIN_NAME = /^[a-z0-9._-]+$/i;

/** The names that the URL standard reads as IPv4 addresses: `127.1`, `0x7f000001`. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/i;

/** An IPv6 address with the zone that a link-local one needs: `fe80::1%eth0`. */
const ZONED = /^([^%]*)(?:%[a-z0-9._~-]+)?$/i;

/**
 * Parses the address of `connect()`. https://sockets-api.proposal.wintertc.org/#anysocketaddress-type
 *
 * @param {unknown} input A `"hostname:port"` string or a `{ hostname, port }` object.
 * @returns {Address}
 */
function parseAddress(input) {
  if (typeof input === 'string') return parseString(input);
  if (typeof input === 'object' && input !== null) return parseDictionary(input);
  const forms = 'a string "hostname:port" or an object { hostname, port }';
  throw invalidType(`the address must be ${forms}, got ${describe(input)}`);
}

/**
 * @param {string} address
 * @returns {Address}
 */
function parseString(address) {
  /** @type {Reject} */
  const reject = (problem, code = 'ERR_INVALID_ARG_VALUE') =>
    new SocketError(`invalid address ${quote(address)}: ${problem}; use "hostname:port"`, { code });

  const parts = STRING_FORM.exec(address);
  if (parts === null) throw malformed(address, reject);
  const [, host, digits] = parts;
  const port = +digits;
  if (port > HIGHEST_PORT) {
    throw reject(`the port ${quote(digits)} is above ${HIGHEST_PORT}`, 'ERR_SOCKET_BAD_PORT');
  }
  return { hostname: toHostname(host, reject), port, remoteAddress: address };
}

/**
 * @param {object} address
 * @returns {Address}
 */
function parseDictionary(address) {
  // As in a Web IDL dictionary each member is read once and converted before the next, in the order of the alphabet.
  const hostnameMember = readMember(address, 'hostname', 'address');
  if (hostnameMember === undefined || hostnameMember === null) {
    const problem = `no hostname in the address, which is ${describe(address)}`;
    throw new SocketError(`${problem}; use { hostname: "example.com", port: 443 }`, {
      code: 'ERR_MISSING_ARGS',
    });
  }
  const hostname = toDomString(hostnameMember, 'hostname of the address');

  const portMember = readMember(address, 'port', 'address');
  // A conversion would take '', which is what a URL without a port has, and null for 0.
  if (portMember === undefined || portMember === null || portMember === '') {
    const problem = `no port in the address of ${quote(hostname)}`;
    throw new SocketError(`${problem}; use { hostname: "example.com", port: 443 }`, {
      code: 'ERR_MISSING_ARGS',
    });
  }
  const port = toInteger(portMember, 'port of the address', HIGHEST_PORT, 'ERR_SOCKET_BAD_PORT');

  const dialled = toHostname(hostname, (problem, code = 'ERR_INVALID_ARG_VALUE') => {
    const shown = `{ hostname: ${quote(hostname)}, port: ${port} }`;
    return new SocketError(`invalid address ${shown}: ${problem}; use a name or an IP address`, { code });
  });
  const needsBrackets = hostname.includes(':') && !hostname.startsWith('[');
  return { hostname: dialled, port, remoteAddress: `${needsBrackets ? `[${hostname}]` : hostname}:${port}` };
}

/**
 * Makes the error for a problem with the input at hand.
 *
 * @callback Reject
 * @param {string} problem
 * @param {string} [code]
 * @returns {SocketError}
 */

/**
 * Says what keeps a string from being a host and a port.
 *
 * @param {string} address
 * @param {Reject} reject
 */
function malformed(address, reject) {
  if (address === '') return reject('it is empty', 'ERR_MISSING_ARGS');
  const part = foreignPart(address);
  if (part !== undefined) return reject(part);
  if (isAddressOfIPv6(address)) return reject('an IPv6 address needs brackets and a port, like "[::1]:80"');

  const end = address.startsWith('[') ? address.indexOf(']') + 1 : address.indexOf(':');
  if (address.startsWith('[') && end === 0) return reject('the bracket is not closed');
  const rest = end === -1 ? '' : address.slice(end);
  if (rest === '' || rest === ':') return reject('there is no port', 'ERR_MISSING_ARGS');
  if (/[[\]]/.test(address.startsWith('[') ? rest : address)) {
    return reject('only an IPv6 address goes into brackets, like "[::1]:80"');
  }
  if (!rest.startsWith(':')) return reject(`there is ${quote(rest)} between the bracket and the port`);
  if (rest.includes(':', 1)) return reject('there is more than one colon');
  return reject(`the port ${quote(rest.slice(1))} is not a decimal number`, 'ERR_SOCKET_BAD_PORT');
}

/**
 * Checks a host, and gives the form in which it is resolved.
 *
 * @param {string} host
 * @param {Reject} reject
 * @returns {string}
 */
function toHostname(host, reject) {
  if (
    PLAIN_NAME.test(host) &&
    host.length <= LONGEST_HOSTNAME &&
    (!ENDS_IN_NUMBER.test(host) || isIPv4(host))
  ) {
    return host;
  }
  if (host === '') throw reject('there is no hostname', 'ERR_MISSING_ARGS');
  if (host.length > LONGEST_HOSTNAME) {
    throw reject(`the hostname has ${host.length} characters, which is more than ${LONGEST_HOSTNAME}`);
  }
  const part = foreignPart(host);
  if (part !== undefined) throw reject(part);
  if (host.startsWith('[')) {
    const inside = host.slice(1, -1);
    if (host.endsWith(']') && isAddressOfIPv6(inside)) return inside;
    throw reject('there is no IPv6 address in the brackets');
  }
  if (host.includes(':')) {
    if (isAddressOfIPv6(host)) return host;
    throw reject('the hostname has a colon and is no IPv6 address; a port goes into `port`');
  }
  if (host.includes('%')) throw reject('the hostname has a percent-escape');
  const foreign = /[!-~]/.exec(host.replace(/[a-z0-9._-]+/gi, ''));
  if (foreign !== null) throw reject(`the hostname has the character ${quote(foreign[0])}`);
  return toAscii(host, reject);
}

/**
 * Converts an internationalised name, and the odd notations of IPv4 addresses, so that everyone who looks at the name
 * afterwards sees the one that is dialled.
 *
 * @param {string} host
 * @param {Reject} reject
 * @returns {string}
 */
function toAscii(host, reject) {
  const ascii = domainToASCII(host);
  // Some characters become ASCII ones that are no part of a name.
  if (!PLAIN_NAME.test(ascii)) {
    throw reject(
      ENDS_IN_NUMBER.test(host)
        ? 'the hostname ends in a number and is no IPv4 address'
        : 'the hostname has no ASCII form',
    );
  }
  if (ascii.length > LONGEST_HOSTNAME) {
    throw reject(
      `the hostname has ${ascii.length} characters in ASCII, which is more than ${LONGEST_HOSTNAME}`,
    );
  }
  return ascii;
}

/**
 * Finds what belongs to URLs and not to addresses, and what belongs nowhere.
 *
 * @param {string} text
 * @returns {string | undefined}
 */
function foreignPart(text) {
  if (text.includes('\0')) return 'it has a NUL character';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\x00-\x1f\x7f-\x9f]/.test(text)) return 'it has a control character';
  if (/\s/.test(text)) return 'it has a space';
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text);
  if (scheme !== null) return `it has the scheme ${quote(scheme[0])}`;
  const first = /[@/\\?#]/.exec(text);
  if (first === null) return undefined;
  const rest = quote(text.slice(first.index));
  switch (first[0]) {
    case '@':
      return `it has the userinfo ${quote(text.slice(0, first.index + 1))}`;
    case '/':
      return `it has the path ${rest}`;
    case '?':
      return `it has the query ${rest}`;
    case '#':
      return `it has the fragment ${rest}`;
    default:
      return 'it has a backslash';
  }
}

/**
 * @param {string} text An address without brackets, with or without a zone.
 */
function isAddressOfIPv6(text) {
  const zoned = ZONED.exec(text);
  return zoned !== null && isIPv6(zoned[1]);
}

module.exports = { parseAddress, toHostname };
