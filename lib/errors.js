'use strict';

const { defineProperty } = Object;

const PREFIX = 'SocketError: ';

/**
 * What the native side says about an operation that failed.
 *
 * @typedef {object} Failure
 * @property {string} code Node's code: `'ECONNREFUSED'`, `'ENOTFOUND'`, …
 * @property {number} [errno] libuv's number for it, negative.
 * @property {string} syscall `'connect'`, `'getaddrinfo'`, `'read'`, `'write'` or `'shutdown'`.
 * @property {string} message The cause in words.
 * @property {string} [address] The IP address of the peer.
 * @property {number} [port]
 * @property {Failure[]} [attempts] One record per address, when several were tried.
 */

/**
 * The error of this API: a `TypeError` in all but its class, as the spec has it. `name` stays `'TypeError'`, the message
 * carries the class, and Node prints `SocketError [TypeError]: SocketError: …`.
 * https://sockets-api.proposal.wintertc.org/#socket-error
 */
class SocketError extends TypeError {
  /**
   * @param {string} [message]
   * @param {import('../index.js').SocketErrorOptions} [options]
   */
  constructor(message = '', options = undefined) {
    const text = `${message}`;
    // The native constructor takes `cause` over exactly when it is there, also when it is `undefined`.
    super(text.startsWith(PREFIX) ? text : PREFIX + text, options);
    if (options == null) return;
    const { code, errors } = options;
    // Enumerable, like the code of every error of Node.
    if (code !== undefined) this.code = code;
    if (errors !== undefined) {
      // Not enumerable, like the errors of an AggregateError.
      const value = [...errors];
      defineProperty(this, 'errors', { configurable: true, enumerable: false, value, writable: true });
    }
  }
}

/**
 * The error of a stream whose socket has ended in good order, for those who go on writing. It has no stack, which says
 * nothing here, and takes longer to collect than all the rest of a close.
 *
 * @param {string} message
 * @param {string} code
 * @returns {SocketError}
 */
function endedError(message, code) {
  const { stackTraceLimit } = Error;
  // Not by assignment, which throws where the intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  const error = new SocketError(message, { code });
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return error;
}

/** So many attempts are named in a message; `errors` has all of them. */
const MOST_NAMED = 6;

/**
 * Turns a native failure into the error that the user sees: the endpoint and the cause in words, the code, and Node's own
 * system error as `cause`.
 *
 * @param {Failure} failure
 * @param {string} endpoint The `host:port` that was asked for.
 * @returns {SocketError}
 */
function fromFailure(failure, endpoint) {
  const { code, attempts = [] } = failure;
  const message = `${operation(failure.syscall, endpoint)} failed: ${failure.message}`;
  if (attempts.length === 0) return new SocketError(message, { code, cause: systemError(failure, endpoint) });
  const errors = attempts.map((attempt) => systemError(attempt, endpoint));
  const reported = attempts.findIndex((attempt) => attempt.code === code && sameAddress(attempt, failure));
  return new SocketError(`${message} (${attempts.length} addresses tried: ${listed(attempts)})`, {
    code,
    cause: reported === -1 ? systemError(failure, endpoint) : errors[reported],
    errors,
  });
}

/**
 * @param {string} syscall
 * @param {string} endpoint
 */
function operation(syscall, endpoint) {
  switch (syscall) {
    case 'connect':
    case 'getaddrinfo':
      return `connect ${endpoint}`;
    case 'handshake':
      return `TLS handshake with ${endpoint}`;
    case 'read':
      return `read from ${endpoint}`;
    case 'write':
      return `write to ${endpoint}`;
    default:
      return `${syscall} of ${endpoint}`;
  }
}

/**
 * The attempts by address; each with its own cause where they differ.
 *
 * @param {Failure[]} attempts
 */
function listed(attempts) {
  const alike = attempts.every((attempt) => attempt.code === attempts[0].code);
  const named = attempts
    .slice(0, MOST_NAMED)
    .map((attempt) => (alike ? peer(attempt) : `${peer(attempt)} ${attempt.message}`));
  if (attempts.length > MOST_NAMED) named.push(`and ${attempts.length - MOST_NAMED} more`);
  return named.join(', ');
}

/**
 * @param {Failure} failure
 */
function peer({ address = 'unknown address', port }) {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

/**
 * A failure that names no address stands for whichever attempt had its code.
 *
 * @param {Failure} attempt
 * @param {Failure} failure
 */
function sameAddress(attempt, failure) {
  return failure.address === undefined || failure.address === attempt.address;
}

/**
 * The same failure as `node:net` and `node:dns` report it, down to the message, so that code that looks at Node's errors
 * finds in `cause` what it knows.
 *
 * @param {Failure} failure
 * @param {string} endpoint
 * @returns {Error}
 */
function systemError({ code, errno, syscall, message: words, address, port }, endpoint) {
  // OpenSSL's errors, for which `node:tls` has no form but their code.
  if (syscall === 'handshake' && errno === undefined) return Object.assign(new Error(words), { code });

  /** @type {Record<string, string | number>} */
  const details = {};
  if (errno !== undefined) details.errno = errno;
  details.code = code;
  details.syscall = syscall;
  let message = `${syscall} ${code}`;
  if (syscall === 'getaddrinfo') {
    details.hostname = hostnameOf(endpoint);
    message += ` ${details.hostname}`;
  } else if (address !== undefined) {
    details.address = address;
    message += ` ${address}`;
    if (port !== undefined) {
      details.port = port;
      message += `:${port}`;
    }
  }
  return Object.assign(new Error(message), details);
}

/**
 * @param {string} endpoint
 */
function hostnameOf(endpoint) {
  const host = endpoint.slice(0, endpoint.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

// One by one, since that is the form in which TypeScript takes a class for a type as well.
exports.SocketError = SocketError;
exports.endedError = endedError;
exports.fromFailure = fromFailure;
