import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import errors from '../lib/errors.js';
import options from '../lib/options.js';

const { SocketError } = errors;
const { parseOptions } = options;

const DEFAULTS = {
  secureTransport: 'off',
  allowHalfOpen: false,
  sni: undefined,
  alpn: undefined,
  highWaterMark: undefined,
};

/** Asserts that options are refused at once, in words that match. */
function refuses(input, words) {
  assert.throws(
    () => parseOptions(input),
    (error) => {
      assert.ok(error instanceof SocketError, `not a SocketError: ${error}`);
      assert.match(error.message, words);
      return true;
    },
  );
}

test('undefined and null mean the defaults', () => {
  assert.deepEqual(parseOptions(undefined), DEFAULTS);
  assert.deepEqual(parseOptions(null), DEFAULTS);
});

test('the defaults are one frozen object, so that leaving the options out costs nothing', () => {
  assert.equal(parseOptions(undefined), parseOptions(null));
  assert.ok(Object.isFrozen(parseOptions(undefined)));
});

test('members that are undefined mean the defaults', () => {
  const names = ['secureTransport', 'allowHalfOpen', 'sni', 'alpn', 'highWaterMark'];
  assert.deepEqual(parseOptions(Object.fromEntries(names.map((name) => [name, undefined]))), DEFAULTS);
});

test('unknown members are ignored, and not even read', () => {
  const input = {
    get ca() {
      throw new Error('read');
    },
  };
  assert.deepEqual(parseOptions(input), DEFAULTS);
});

test('a function is an object, as in Web IDL', () => {
  assert.deepEqual(parseOptions(Object.assign(() => {}, { allowHalfOpen: true })), {
    ...DEFAULTS,
    allowHalfOpen: true,
  });
});

test('members are found on the prototype', () => {
  assert.equal(parseOptions(Object.create({ secureTransport: 'on' })).secureTransport, 'on');
});

for (const [input, named] of [
  ['off', 'the string "off"'],
  ['', 'the string ""'],
  [1, 'the number 1'],
  [false, 'the boolean false'],
  [1n, 'a BigInt'],
  [Symbol('options'), 'a symbol'],
]) {
  test(`options that are ${named} are refused by that name`, () => {
    refuses(input, new RegExp(`^SocketError: the options must be an object, got ${named}$`));
  });
}

for (const kind of ['off', 'on', 'starttls']) {
  test(`secureTransport can be "${kind}"`, () => {
    assert.equal(parseOptions({ secureTransport: kind }).secureTransport, kind);
  });
}

for (const value of ['ON', 'tls', '', null, true, 1, {}, [], ['off', 'on']]) {
  test(`secureTransport ${JSON.stringify(value)} is refused, and the message lists the three values`, () => {
    refuses(
      { secureTransport: value },
      /^SocketError: the option secureTransport must be "off", "on" or "starttls", got ".*"$/,
    );
  });
}

test('secureTransport is converted to a string first', () => {
  assert.equal(parseOptions({ secureTransport: ['on'] }).secureTransport, 'on');
  refuses({ secureTransport: Symbol('on') }, /secureTransport must be a string, got a symbol/);
});

for (const [value, allowed] of [
  [true, true],
  [1, true],
  ['false', true],
  [{}, true],
  [false, false],
  [0, false],
  ['', false],
  [null, false],
]) {
  test(`allowHalfOpen ${JSON.stringify(value)} counts as ${allowed}`, () => {
    assert.equal(parseOptions({ allowHalfOpen: value }).allowHalfOpen, allowed);
  });
}

for (const secureTransport of ['on', 'starttls']) {
  test(`sni and alpn are taken with secureTransport "${secureTransport}"`, () => {
    const { sni, alpn } = parseOptions({ secureTransport, sni: 'example.com', alpn: ['h2', 'http/1.1'] });
    assert.equal(sni, 'example.com');
    assert.deepEqual(alpn, ['h2', 'http/1.1']);
  });
}

for (const secureTransport of ['off', undefined]) {
  test(`sni and alpn are refused with secureTransport ${secureTransport}`, () => {
    refuses(
      { secureTransport, sni: 'example.com' },
      /the option sni needs secureTransport "on" or "starttls"/,
    );
    refuses({ secureTransport, alpn: ['h2'] }, /the option alpn needs secureTransport "on" or "starttls"/);
  });
}

test('sni and alpn at the defaults of the spec count as left out', () => {
  for (const sni of [undefined, null]) {
    for (const alpn of [undefined, null, [], new Set()])
      assert.deepEqual(parseOptions({ sni, alpn }), DEFAULTS);
  }
});

test('sni is converted to its ASCII form', () => {
  assert.equal(parseOptions({ secureTransport: 'on', sni: 'münchen.example' }).sni, 'xn--mnchen-3ya.example');
});

for (const [sni, words] of [
  ['', /the option sni is "": there is no hostname/],
  ['exa mple', /the option sni is "exa mple": it has a space/],
  ['example.com:443', /the option sni is "example.com:443": the hostname has a colon/],
  [443, /the option sni must be a string, got the number 443/],
  [{}, /the option sni must be a string, got an object/],
]) {
  test(`sni ${JSON.stringify(sni)} is refused`, () => {
    refuses({ secureTransport: 'on', sni }, words);
  });
}

test('alpn can be any iterable of strings, and is copied', () => {
  assert.deepEqual(parseOptions({ secureTransport: 'on', alpn: new Set(['h2', 'x']) }).alpn, ['h2', 'x']);
  const alpn = ['h2'];
  const settings = parseOptions({ secureTransport: 'on', alpn });
  alpn.push('late');
  assert.deepEqual(settings.alpn, ['h2']);
});

for (const [alpn, words] of [
  ['h2', /the option alpn must be a list of protocol names, got the string "h2"/],
  [2, /must be a list of protocol names, got the number 2/],
  [{}, /must be a list of protocol names, got an object/],
  [[''], /the protocols of the option alpn must not be empty/],
  [['h2', 2], /the protocols of the option alpn must be strings, got the number 2/],
  [new Uint8Array([2, 104, 50]), /the protocols of the option alpn must be strings, got the number 2/],
  [['x'.repeat(256)], /is longer than 255 bytes/],
  [['é'.repeat(128)], /is longer than 255 bytes/],
  [Array.from({ length: 300 }, () => 'x'.repeat(255)), /the option alpn is longer than 32768 bytes/],
]) {
  test(`alpn that matches ${words} is refused`, () => {
    refuses({ secureTransport: 'on', alpn }, words);
  });
}

test('an alpn protocol of 255 bytes is taken', () => {
  const longest = 'é'.repeat(127) + 'x';
  assert.deepEqual(parseOptions({ secureTransport: 'on', alpn: [longest] }).alpn, [longest]);
});

test('an alpn iterable that never ends is refused', () => {
  function* endless() {
    for (;;) yield 'h2';
  }
  refuses({ secureTransport: 'on', alpn: endless() }, /the option alpn is longer than 32768 bytes/);
});

for (const [value, bytes] of [
  [0, 0],
  [16_384, 16_384],
  [1.9, 1],
  ['4096', 4096],
  [null, 0],
  [true, 1],
  [4096n, 4096],
  [2n ** 63n, 2 ** 63],
]) {
  test(`highWaterMark ${String(value)} of type ${typeof value} means ${bytes} bytes, as in workerd`, () => {
    assert.equal(parseOptions({ highWaterMark: value }).highWaterMark, bytes);
  });
}

for (const value of [-1, -0.5, NaN, Infinity, 2 ** 65, -1n, 2n ** 65n, 'many', {}, Symbol('much')]) {
  test(`highWaterMark ${String(value)} of type ${typeof value} is refused`, () => {
    refuses({ highWaterMark: value }, /the option highWaterMark must be a number/);
  });
}

test('a getter that throws is refused with its error as the cause', () => {
  const cause = new Error('from the getter');
  for (const name of ['allowHalfOpen', 'alpn', 'highWaterMark', 'secureTransport', 'sni']) {
    const input = Object.defineProperty({}, name, {
      get() {
        throw cause;
      },
    });
    assert.throws(
      () => parseOptions(input),
      (error) => error instanceof SocketError && error.message.includes(name) && error.cause === cause,
    );
  }
});

test('an alpn iterator that throws is refused with its error as the cause', () => {
  const cause = new Error('from the iterator');
  const alpn = {
    [Symbol.iterator]() {
      throw cause;
    },
  };
  assert.throws(
    () => parseOptions({ secureTransport: 'on', alpn }),
    (error) => error instanceof SocketError && error.cause === cause,
  );
});

test('each member is read once, in the order of Web IDL', () => {
  const read = [];
  const members = { secureTransport: 'on', allowHalfOpen: true, sni: 'a', alpn: ['h2'], highWaterMark: 1 };
  parseOptions(
    new Proxy(members, {
      get(target, name) {
        read.push(name);
        return Reflect.get(target, name);
      },
    }),
  );
  assert.deepEqual(read, ['allowHalfOpen', 'alpn', 'highWaterMark', 'secureTransport', 'sni']);
});

test('any value whatever gives settings or a SocketError', () => {
  const value = fc.anything({ withProxies: true, withBigInt: true });
  const member = fc.oneof(value, fc.constantFrom('on', 'off', 'starttls', 'h2', ['h2'], 1));
  const names = ['allowHalfOpen', 'alpn', 'highWaterMark', 'secureTransport', 'sni'];
  const record = fc.record(Object.fromEntries(names.map((name) => [name, member])), { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(value, record), (input) => {
      try {
        assert.deepEqual(Object.keys(parseOptions(input)), Object.keys(DEFAULTS));
      } catch (error) {
        assert.ok(error instanceof SocketError, `not a SocketError: ${error}`);
      }
    }),
    { numRuns: 5000 },
  );
});
