import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import address from '../lib/address.js';
import errors from '../lib/errors.js';

const { parseAddress } = address;
const { SocketError } = errors;

/** Asserts that an input is refused at once, in words that match. */
function refuses(input, words, code) {
  assert.throws(
    () => parseAddress(input),
    (error) => {
      assert.ok(error instanceof SocketError, `not a SocketError: ${error}`);
      assert.match(error.message, words);
      if (code !== undefined) assert.equal(error.code, code);
      return true;
    },
  );
}

/** [input, what is dialled, port] */
const strings = [
  ['example.com:443', 'example.com', 443],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:80', '::1', 80],
  ['[::ffff:127.0.0.1]:80', '::ffff:127.0.0.1', 80],
  ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
  ['localhost:0', 'localhost', 0],
  ['localhost:65535', 'localhost', 65535],
  ['LocalHost:0080', 'LocalHost', 80],
  ['my_container:5432', 'my_container', 5432],
  ['_sip._tcp.example.com:5060', '_sip._tcp.example.com', 5060],
  ['example.com.:443', 'example.com.', 443],
  ['xn--mnchen-3ya.example:80', 'xn--mnchen-3ya.example', 80],
  ['münchen.example:80', 'xn--mnchen-3ya.example', 80],
  ['日本語。jp:80', 'xn--wgv71a119e.jp', 80],
  // The URL standard's notations of an IPv4 address, so that nobody can hide one.
  ['127.1:80', '127.0.0.1', 80],
  ['0x7f.1:80', '127.0.0.1', 80],
  ['１２７.0.0.1:80', '127.0.0.1', 80],
  [`${'a'.repeat(255)}:80`, 'a'.repeat(255), 80],
];

for (const [input, hostname, port] of strings) {
  test(`the string ${JSON.stringify(input.slice(0, 40))} is accepted`, () => {
    assert.deepEqual(parseAddress(input), { hostname, port, remoteAddress: input });
  });
}

/** [hostname, port, what is dialled, port, remoteAddress] */
const objects = [
  ['example.com', 443, 'example.com', 443, 'example.com:443'],
  ['::1', 80, '::1', 80, '[::1]:80'],
  ['[::1]', 80, '::1', 80, '[::1]:80'],
  ['fe80::1%eth0', 80, 'fe80::1%eth0', 80, '[fe80::1%eth0]:80'],
  ['münchen.example', 80, 'xn--mnchen-3ya.example', 80, 'münchen.example:80'],
  ['127.1', 80, '127.0.0.1', 80, '127.1:80'],
  ['my_container', 80, 'my_container', 80, 'my_container:80'],
  ['a', '9101', 'a', 9101, 'a:9101'],
  ['a', 9101.7, 'a', 9101, 'a:9101'],
  ['a', 65535.9, 'a', 65535, 'a:65535'],
  ['a', -0.5, 'a', 0, 'a:0'],
  ['a', 0, 'a', 0, 'a:0'],
  ['a', { valueOf: () => 80 }, 'a', 80, 'a:80'],
  [{ toString: () => 'a' }, 80, 'a', 80, 'a:80'],
];

for (const [hostname, port, dialled, number, remoteAddress] of objects) {
  test(`the hostname ${String(hostname)} with the port ${String(port)} is dialled as ${dialled}, ${number}`, () => {
    assert.deepEqual(parseAddress({ hostname, port }), { hostname: dialled, port: number, remoteAddress });
  });
}

/** [input, the part that the message names] */
const brokenStrings = [
  ['', /it is empty/],
  ['example.com', /there is no port/],
  ['example.com:', /there is no port/],
  ['[::1]', /there is no port/],
  ['[::1]:', /there is no port/],
  [':80', /there is no hostname/],
  ['example.com:80/path', /the path "\/path"/],
  ['example.com/path:80', /the path "\/path"/],
  ['user:password@example.com:80', /the userinfo "user:password@"/],
  ['http://example.com:80', /the scheme "http:\/\/"/],
  ['tcp://127.0.0.1:80', /the scheme "tcp:\/\/"/],
  ['example.com:80?query', /the query "\?query"/],
  ['example.com:80#fragment', /the fragment "#fragment"/],
  ['exa mple.com:80', /it has a space/],
  [' example.com:80', /it has a space/],
  ['example.com:80 ', /it has a space/],
  ['example.com: 80', /it has a space/],
  ['example.com\u3000:80', /it has a space/],
  ['example.com\n:80', /it has a control character/],
  ['example.com\t:80', /it has a control character/],
  ['example.com\u007f:80', /it has a control character/],
  ['example.com\0:80', /it has a NUL character/],
  ['example.com\\:80', /it has a backslash/],
  ['ex%61mple.com:80', /percent-escape/],
  ['example.com:http', /the port "http" is not a decimal number/],
  ['example.com:-1', /the port "-1" is not a decimal number/],
  ['example.com:+80', /the port "\+80" is not a decimal number/],
  ['example.com:80.5', /the port "80.5" is not a decimal number/],
  ['example.com:0x50', /the port "0x50" is not a decimal number/],
  ['example.com:８０', /the port "８０" is not a decimal number/],
  ['example.com:65536', /the port "65536" is above 65535/],
  ['example.com:99999999999999999999', /is above 65535/],
  ['a:b:80', /more than one colon/],
  ['::1', /needs brackets and a port, like "\[::1\]:80"/],
  ['::1:80', /needs brackets/],
  ['fe80::1%eth0', /needs brackets/],
  ['[::1', /the bracket is not closed/],
  ['[::1]80', /"80" between the bracket and the port/],
  ['[example.com]:80', /no IPv6 address in the brackets/],
  ['[127.0.0.1]:80', /no IPv6 address in the brackets/],
  ['[]:80', /no IPv6 address in the brackets/],
  ['[::1%]:80', /no IPv6 address in the brackets/],
  ['[:::1]:80', /no IPv6 address in the brackets/],
  ['a[::1]:80', /only an IPv6 address goes into brackets/],
  ['[[::1]]:80', /only an IPv6 address goes into brackets/],
  ['exa*mple.com:80', /the character "\*"/],
  ['<script>:80', /the character "<"/],
  ['256.0.0.1:80', /ends in a number and is no IPv4 address/],
  ['1.2.3.4.5:80', /ends in a number and is no IPv4 address/],
  ['\u00ad:80', /no ASCII form/],
  ['a\u202eb:80', /no ASCII form/],
  ['\ud800:80', /no ASCII form/],
  // Full-width characters that become ASCII ones.
  ['a／b:80', /no ASCII form/],
  ['a！b:80', /no ASCII form/],
  [`${'a'.repeat(256)}:80`, /256 characters, which is more than 255/],
  [`${'é'.repeat(255)}:80`, /characters in ASCII, which is more than 255/],
];

for (const [input, words] of brokenStrings) {
  test(`the string ${JSON.stringify(input.slice(0, 40))} is refused with ${words}`, () => {
    refuses(input, words);
    // It is quoted, and the way out is named.
    refuses(input, /^SocketError: invalid address ".*": .*; use "hostname:port"$/);
  });
}

/** [hostname, port, the part that the message names] */
const brokenObjects = [
  [undefined, 80, /no hostname/],
  [null, 80, /no hostname/],
  ['', 80, /no hostname/],
  ['a', undefined, /no port/],
  ['a', null, /no port/],
  ['a', '', /no port/],
  ['a', -1, /the port of the address must be from 0 to 65535, got -1/],
  ['a', 65536, /the port of the address must be from 0 to 65535, got 65536/],
  ['a', NaN, /the port of the address must be from 0 to 65535, got NaN/],
  ['a', Infinity, /the port of the address must be from 0 to 65535, got Infinity/],
  ['a', 'http', /the port of the address must be from 0 to 65535, got "http"/],
  ['a', {}, /the port of the address must be from 0 to 65535, got an object/],
  ['a', Symbol('port'), /the port of the address must be a number, got a symbol/],
  ['a', 80n, /the port of the address must be a number, got a BigInt/],
  [Symbol('name'), 80, /the hostname of the address must be a string, got a symbol/],
  [{ __proto__: null }, 80, /the hostname of the address must be a string, got an object/],
  ['example.com:80', 80, /a colon .* a port goes into `port`/],
  ['example.com/path', 80, /the path "\/path"/],
  ['user@example.com', 80, /the userinfo "user@"/],
  ['http://example.com', 80, /the scheme "http:\/\/"/],
  ['example.com?query', 80, /the query "\?query"/],
  ['example.com#fragment', 80, /the fragment "#fragment"/],
  ['exa mple.com', 80, /it has a space/],
  ['example.com\r\n', 80, /it has a control character/],
  ['example.com\0', 80, /it has a NUL character/],
  ['example.com\\', 80, /it has a backslash/],
  ['ex%61mple.com', 80, /percent-escape/],
  ['[example.com]', 80, /no IPv6 address in the brackets/],
  ['[::1', 80, /no IPv6 address in the brackets/],
  ['::g', 80, /a colon and is no IPv6 address/],
  ['\u00ad', 80, /no ASCII form/],
  ['a'.repeat(256), 80, /256 characters, which is more than 255/],
];

for (const [hostname, port, words] of brokenObjects) {
  const shown = typeof hostname === 'string' ? JSON.stringify(hostname.slice(0, 40)) : typeof hostname;
  test(`the hostname ${shown} with a port of type ${typeof port} is refused with ${words}`, () => {
    refuses({ hostname, port }, words);
  });
}

for (const [input, named] of [
  [undefined, 'undefined'],
  [null, 'null'],
  [80, 'the number 80'],
  [true, 'the boolean true'],
  [80n, 'a BigInt'],
  [Symbol('address'), 'a symbol'],
  [() => 'example.com:80', 'a function'],
]) {
  test(`an address that is ${named} is refused by that name`, () => {
    const words = `the address must be a string "hostname:port" or an object { hostname, port }, got ${named}`;
    refuses(input, new RegExp(`^SocketError: ${words}$`), 'ERR_INVALID_ARG_TYPE');
  });
}

test('an array and a String object are dictionaries without a hostname', () => {
  refuses(['example.com', 80], /no hostname in the address, which is an array/, 'ERR_MISSING_ARGS');
  refuses(new String('example.com:80'), /no hostname in the address, which is an object/, 'ERR_MISSING_ARGS');
});

test('a URL works as a dictionary when it has a port', () => {
  assert.deepEqual(parseAddress(new URL('http://example.com:8080/path')), {
    hostname: 'example.com',
    port: 8080,
    remoteAddress: 'example.com:8080',
  });
  refuses(new URL('http://example.com/'), /no port in the address of "example.com"/, 'ERR_MISSING_ARGS');
});

test('the codes tell a missing part, a wrong type, a bad port and a bad value apart', () => {
  refuses('example.com', /./, 'ERR_MISSING_ARGS');
  refuses({ hostname: 'a' }, /./, 'ERR_MISSING_ARGS');
  refuses({ hostname: 'a', port: Symbol('port') }, /./, 'ERR_INVALID_ARG_TYPE');
  refuses('a:65536', /./, 'ERR_SOCKET_BAD_PORT');
  refuses({ hostname: 'a', port: 65536 }, /./, 'ERR_SOCKET_BAD_PORT');
  refuses('a b:80', /./, 'ERR_INVALID_ARG_VALUE');
});

test('a getter that throws is refused with its error as the cause', () => {
  const cause = new Error('from the getter');
  const throwing = {
    get() {
      throw cause;
    },
  };
  for (const name of ['hostname', 'port']) {
    const input = Object.defineProperty({ hostname: 'a', port: 80 }, name, throwing);
    assert.throws(
      () => parseAddress(input),
      (error) => error instanceof SocketError && error.message.includes(name) && error.cause === cause,
    );
  }
});

test('a conversion that throws is refused with its error as the cause', () => {
  const cause = new Error('from the conversion');
  const throwing = {
    [Symbol.toPrimitive]() {
      throw cause;
    },
  };
  for (const input of [
    { hostname: throwing, port: 80 },
    { hostname: 'a', port: throwing },
  ]) {
    assert.throws(
      () => parseAddress(input),
      (error) => error instanceof SocketError && error.cause === cause,
    );
  }
});

test('a revoked proxy is refused', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  refuses(proxy, /reading hostname of the address threw/);
});

test('each member is read and converted once, in the order of Web IDL', () => {
  const log = [];
  const traced = (name, value) => ({
    toString: () => (log.push(`convert ${name}`), value),
    valueOf: () => (log.push(`convert ${name}`), value),
  });
  const input = new Proxy(
    { hostname: traced('hostname', 'a'), port: traced('port', '80') },
    {
      get(target, name) {
        log.push(`read ${String(name)}`);
        return Reflect.get(target, name);
      },
    },
  );
  parseAddress(input);
  assert.deepEqual(log, ['read hostname', 'convert hostname', 'read port', 'convert port']);
});

test('a long input is cut and an invisible one escaped in the message', () => {
  refuses(`${'a'.repeat(10_000)}:80`, /^SocketError: invalid address "a{64}…": /);
  refuses('\u202eexample.com\u001b[31m:80', /"\\u202eexample\.com\\u001b\[31m:80"/);
});

test('any value whatever gives an address or a SocketError', () => {
  const endpoint = fc.record({ hostname: fc.anything(), port: fc.anything() }, { requiredKeys: [] });
  const text = fc.string({ unit: 'binary' });
  const nearly = fc.stringMatching(/^[a-z0-9.:[\]%@/?#\\_ é-]{0,40}:[0-9]{0,6}$/);
  fc.assert(
    fc.property(fc.oneof(fc.anything({ withProxies: true }), endpoint, text, nearly), (input) => {
      try {
        const { hostname, port, remoteAddress } = parseAddress(input);
        assert.match(hostname, /^[\w.:%~-]+$/);
        assert.ok(Number.isInteger(port) && port >= 0 && port <= 65535);
        assert.equal(typeof remoteAddress, 'string');
      } catch (error) {
        assert.ok(error instanceof SocketError, `not a SocketError: ${error}`);
      }
    }),
    { numRuns: 5000 },
  );
});
