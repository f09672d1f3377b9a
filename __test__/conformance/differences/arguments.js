/** What `connect()` takes, and what its objects look like. */
import { THROWS, RETURNS, FAILS_LATER, OPENS, SOCKET_ERROR, TYPE_ERROR, PLAIN_ERROR, each } from './shown.js';

/** @type {import('../differences.js').Difference[]} */
export const inArguments = [
  {
    row: 'Addresses: an IPv6 hostname with or without brackets',
    reason: 'workerd joins hostname and port without adding brackets, and then cannot parse the result',
    scenarios: {
      'an IPv6 hostname may lack brackets': { node: OPENS, workerd: { ...FAILS_LATER, read: false } },
    },
  },
  {
    row: 'Addresses: an internationalised name is converted to its ASCII form',
    reason: 'workerd takes ASCII only',
    scenarios: each(
      { node: OPENS, workerd: THROWS },
      'a full-width hostname is converted to ASCII',
      'a full-width hostname in an object is converted to ASCII',
    ),
  },
  {
    row: 'Addresses: no hostname, or a part that does not belong there, throws',
    reason: 'a mistake of the caller is reported where it is made; workerd finds it when it connects',
    scenarios: each(
      { node: THROWS, workerd: FAILS_LATER },
      'an object without a hostname is no address',
      'an object with an empty hostname is no address',
      'an object with a port in the hostname is no address',
    ),
  },
  {
    row: 'Addresses: a missing port throws',
    reason: 'null, and the empty string that a URL without a port has, are no port; workerd takes both for 0',
    scenarios: each(
      { node: THROWS, workerd: FAILS_LATER },
      'a null port is a missing port',
      'an empty port is a missing port',
    ),
  },
  {
    row: 'Addresses: port is a WebIDL unsigned short',
    reason: 'WebIDL truncates before it checks the range; workerd checks the sign first',
    scenarios: { 'port -0.5 is port 0': { node: FAILS_LATER, workerd: THROWS } },
  },
  {
    row: 'Addresses and options: bad input throws a SocketError or a TypeError',
    reason: 'the caller needs to expect one kind of error only; what the accessor threw is its cause',
    scenarios: each(
      { node: THROWS, workerd: { attempt: 'throws a RangeError' } },
      'what an accessor of the address throws comes out of connect() as a SocketError',
      'what an accessor of the options throws comes out of connect() as a SocketError',
    ),
  },
  {
    row: 'Addresses and options: bad input throws, and the message names the offending part',
    reason:
      'the address comes first, so that a bad option cannot hide a bad address; only accessors can tell',
    scenarios: {
      'the address is judged before the options are read': {
        node: { ...THROWS, seen: ['hostname', 'port'] },
        workerd: { ...THROWS, seen: ['hostname', 'port', 'secureTransport', 'allowHalfOpen'] },
      },
    },
  },
  {
    row: 'Options: null gives the defaults',
    reason: 'WebIDL takes null for an empty dictionary; workerd does not',
    scenarios: {
      'options may be null': {
        node: { ...RETURNS, read: 'hello', secureTransport: 'off' },
        workerd: THROWS,
      },
    },
  },
  {
    row: 'Options: sni and alpn throw when secureTransport is "off"',
    reason: 'the spec has both options, workerd has neither and ignores them',
    scenarios: each({ node: THROWS, workerd: RETURNS }, 'sni throws without TLS', 'alpn throws without TLS'),
  },
  {
    row: 'Options: desiredSize starts at 1 without a highWaterMark',
    reason: 'it goes on as in any WritableStream of the standard; in workerd it stays 1 whatever is queued',
    scenarios: {
      ...each(
        {
          node: { ...RETURNS, before: 1, during: 0, after: 1 },
          workerd: { ...RETURNS, before: 1, during: 1, after: 1 },
        },
        'desiredSize starts at 1 without a highWaterMark',
        'an undefined highWaterMark is the default',
      ),
      'desiredSize counts the writes that wait when there is no highWaterMark': {
        node: { sizes: [1, 0, -1], after: 1 },
        workerd: { sizes: [1, 1, 1], after: 1 },
      },
    },
  },
  {
    row: 'Socket: new Socket(address, options) is connect(); [Symbol.asyncDispose](), ref() and unref()',
    reason:
      'the spec leaves the constructor to implementors and users of @arrowood.dev/socket call it; the rest is what Node has',
    scenarios: {
      'new Socket(address) is a way to connect': {
        node: { ...RETURNS, opened: 'opens' },
        workerd: { ...THROWS, opened: null },
      },
      'a socket has [Symbol.asyncDispose](), ref() and unref()': {
        node: { dispose: 'function', ref: 'function', unref: 'function' },
        workerd: { dispose: 'undefined', ref: 'undefined', unref: 'undefined' },
      },
    },
  },
  {
    row: 'SocketInfo: { remoteAddress, localAddress, alpn }, strings or null, and resolvedAddress',
    reason: 'the spec has all three; workerd knows the first only',
    scenarios: {
      'localAddress is the address that the peer sees': {
        node: { localAddress: 'as the peer sees it' },
        workerd: { localAddress: 'undefined' },
      },
      'alpn is null without TLS': { node: { alpn: null }, workerd: { alpn: 'missing' } },
      'info has the members of the spec and says which address answered': {
        node: {
          members: ['alpn', 'localAddress', 'remoteAddress', 'resolvedAddress'],
          resolvedAddress: 'the address that answered',
        },
        workerd: { members: ['localAddress', 'remoteAddress'], resolvedAddress: 'missing' },
      },
    },
  },
  {
    row: 'SocketError: a subclass of TypeError whose message starts with "SocketError: ", with a code',
    reason:
      "the spec; workerd throws plain TypeErrors for mistakes and plain Errors for the network's failures",
    scenarios: {
      ...each(
        { node: SOCKET_ERROR, workerd: TYPE_ERROR },
        'the error of an address without a port is a SocketError',
        'the error of a port that is out of range is a SocketError',
        'the error of an unknown secureTransport is a SocketError',
        'the error of startTls() on a socket that has secureTransport "off" is a SocketError',
        'the error of a write after close() is a SocketError',
        'the error of a write after FIN was read is a SocketError',
      ),
      ...each(
        { node: SOCKET_ERROR, workerd: PLAIN_ERROR },
        'the error of a refused connection is a SocketError',
        'the error of closed after a refused connection is a SocketError',
        'the error of a write to a connection that is refused is a SocketError',
        'the error of a name that does not resolve is a SocketError',
        'the error of a read after RST is a SocketError',
        'the error of a write after RST is a SocketError',
      ),
      'the error of opened after close() while pending is a SocketError': {
        node: SOCKET_ERROR,
        workerd: { error: false, typeError: false, startsWithSocketError: false, hasCode: false },
      },
    },
  },
];
