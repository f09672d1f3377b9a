/** Which addresses `connect()` takes, and what it does with the others. */
import { readText } from '../harness.js';

/** @typedef {import('../harness.js').Scenario} Scenario */

/**
 * An address that must lead to the peer.
 *
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} address
 * @param {string} [peer]
 * @returns {Scenario}
 */
const accepted = (name, address, peer = 'greets and waits') => ({
  name,
  peer,
  async run(tools) {
    /** @type {any} */ let socket;
    const attempt = tools.attempt(() => (socket = tools.connect(address(tools))));
    if (!socket) return { attempt };
    const reader = socket.readable.getReader();
    const opened = await socket.opened.then(
      () => 'opens',
      () => 'fails',
    );
    return { attempt, opened, read: opened === 'opens' && (await readText(reader, 5)) };
  },
});

/**
 * An address that must not lead anywhere: what matters is whether `connect()` itself throws.
 *
 * @param {string} name
 * @param {(tools: import('../harness.js').Tools) => any} address
 * @returns {Scenario}
 */
const refused = (name, address) => ({
  name,
  async run(tools) {
    /** @type {any} */ let socket;
    const attempt = tools.attempt(() => (socket = tools.connect(address(tools))));
    if (!socket) return { attempt };
    return {
      attempt,
      opened: await socket.opened.then(
        () => 'opens',
        (/** @type {any} */ e) => (tools.kind(e), 'fails'),
      ),
    };
  },
});

/** @type {Scenario[]} */
export const addresses = [
  accepted('"host:port" is an address', ({ address }) => address),
  accepted('{ hostname, port } is an address', ({ hostname, port }) => ({ hostname, port })),
  accepted('a name is resolved', ({ port }) => `localhost:${port}`),
  accepted('a name in capitals is resolved', ({ port }) => `LOCALHOST:${port}`),
  accepted('a name in an object is resolved', ({ port }) => ({ hostname: 'localhost', port })),
  accepted('an IPv6 literal in brackets is an address', ({ port }) => `[::1]:${port}`, 'greets on ::1'),
  accepted(
    'an IPv6 hostname may have brackets',
    ({ port }) => ({ hostname: '[::1]', port }),
    'greets on ::1',
  ),
  accepted('an IPv6 hostname may lack brackets', ({ port }) => ({ hostname: '::1', port }), 'greets on ::1'),
  accepted(
    'an IPv6 literal may be written in full',
    ({ port }) => `[0:0:0:0:0:0:0:1]:${port}`,
    'greets on ::1',
  ),
  accepted('an IPv4-mapped IPv6 literal is an address', ({ port }) => `[::ffff:127.0.0.1]:${port}`),
  accepted('a numeric string is a port', ({ hostname, port }) => ({ hostname, port: String(port) })),
  accepted('a fractional port is truncated', ({ hostname, port }) => ({ hostname, port: port + 0.7 })),
  accepted('a port in a string may have leading zeros', ({ hostname, port }) => `${hostname}:00${port}`),
  accepted('a port object is converted with valueOf', ({ hostname, port }) => ({
    hostname,
    port: { valueOf: () => port },
  })),
  accepted('an address object may have further members', ({ hostname, port }) => ({
    hostname,
    port,
    path: '/',
    tls: 1,
  })),
  accepted('an address may be an instance of a class with accessors', ({ hostname, port }) => {
    class Address {
      get hostname() {
        return hostname;
      }
      get port() {
        return port;
      }
    }
    return new Address();
  }),
  accepted('a hostname object is converted with toString', ({ hostname, port }) => ({
    hostname: { toString: () => hostname },
    port,
  })),
  accepted('a full-width hostname is converted to ASCII', ({ port }) => `ｌｏｃａｌｈｏｓｔ:${port}`),
  accepted('a full-width hostname in an object is converted to ASCII', ({ port }) => ({
    hostname: 'ｌｏｃａｌｈｏｓｔ',
    port,
  })),
  refused('connect() without an argument throws', () => undefined),
  refused('null is no address', () => null),
  refused('a number is no address', () => 8080),
  refused('an empty string is no address', () => ''),
  refused('an empty object is no address', () => ({})),
  refused('an array is no address', ({ hostname, port }) => [hostname, port]),
  refused('a symbol is no address', () => Symbol('address')),
  refused('a String object is no address', ({ address }) => new String(address)),
  refused(
    'a URL object is an address, because it has a hostname and a port',
    ({ address }) => new URL(`tcp://${address}`),
  ),
  refused('a string without a port is no address', ({ hostname }) => hostname),
  refused('a string that ends in a colon is no address', ({ hostname }) => `${hostname}:`),
  refused('a string without a hostname is no address', ({ port }) => `:${port}`),
  refused('a string with a path is no address', ({ address }) => `${address}/path`),
  refused('a string with a trailing slash is no address', ({ address }) => `${address}/`),
  refused('a string with a query is no address', ({ address }) => `${address}?a=b`),
  refused('a string with a fragment is no address', ({ address }) => `${address}#a`),
  refused('a string with userinfo is no address', ({ address }) => `user:secret@${address}`),
  refused('a string with a scheme is no address', ({ address }) => `tcp://${address}`),
  refused('a string with a space is no address', ({ hostname, port }) => `${hostname} :${port}`),
  refused('a string with a leading space is no address', ({ address }) => ` ${address}`),
  refused('a string with a line feed is no address', ({ address }) => `${address}\n`),
  refused('a string with a NUL is no address', ({ hostname, port }) => `${hostname}\0:${port}`),
  refused('a string with a percent escape is no address', ({ port }) => `127%2e0.0.1:${port}`),
  refused('a string with a backslash is no address', ({ address }) => `${address}\\path`),
  refused('an IPv6 literal without brackets in a string is no address', ({ port }) => `::1:${port}`),
  refused('an unclosed bracket is no address', ({ port }) => `[::1:${port}`),
  refused('brackets around a name are no address', ({ port }) => `[localhost]:${port}`),
  refused('a string port over 65535 is no address', ({ hostname }) => `${hostname}:65536`),
  refused('a string port with a sign is no address', ({ hostname }) => `${hostname}:+80`),
  refused('a string port with letters is no address', ({ hostname }) => `${hostname}:80a`),
  refused('a hostname of 256 characters is no address', ({ port }) => ({ hostname: 'a'.repeat(256), port })),
  refused('a string of more than 255 characters is no address', ({ port }) => `${'a'.repeat(256)}:${port}`),
  refused('an object without a hostname is no address', ({ port }) => ({ port })),
  refused('an object with an empty hostname is no address', ({ port }) => ({ hostname: '', port })),
  refused('an object with a space in the hostname is no address', ({ port }) => ({
    hostname: '127.0.0.1 ',
    port,
  })),
  refused('an object with a port in the hostname is no address', ({ address, port }) => ({
    hostname: address,
    port,
  })),
  refused('an object with userinfo in the hostname is no address', ({ port }) => ({
    hostname: 'user@127.0.0.1',
    port,
  })),
  refused('an object with a scheme in the hostname is no address', ({ port }) => ({
    hostname: 'tcp://127.0.0.1',
    port,
  })),
  refused('an object without a port is no address', ({ hostname }) => ({ hostname })),
  refused('a negative port is out of range', ({ hostname }) => ({ hostname, port: -1 })),
  refused('port 65536 is out of range', ({ hostname }) => ({ hostname, port: 65536 })),
  refused('port NaN is out of range', ({ hostname }) => ({ hostname, port: NaN })),
  refused('port Infinity is out of range', ({ hostname }) => ({ hostname, port: Infinity })),
  refused('a port that is no number is out of range', ({ hostname }) => ({ hostname, port: 'http' })),
  refused('a BigInt is no port', ({ hostname, port }) => ({ hostname, port: BigInt(port) })),
  refused('a symbol is no port', ({ hostname }) => ({ hostname, port: Symbol('port') })),
  refused('port 0 is accepted and cannot be connected to', ({ hostname }) => ({ hostname, port: 0 })),
  refused('a null port is a missing port', ({ hostname }) => ({ hostname, port: null })),
  refused('an empty port is a missing port', ({ hostname }) => ({ hostname, port: '' })),
  refused('port -0.5 is port 0', ({ hostname }) => ({ hostname, port: -0.5 })),
  refused('what an accessor of the address throws comes out of connect() as a SocketError', ({ port }) => ({
    get hostname() {
      throw new RangeError('mine');
    },
    port,
  })),
];
