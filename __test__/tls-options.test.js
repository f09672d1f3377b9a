// The options of `TLSSocket` and `startTls()`: what is read of them, when, and what is refused.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { SocketError, TLSSocket } from '../index.js';

import { run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { listen } from './helpers/peer.js';
import { outcome, rejection } from './helpers/settle.js';
import { ca, connectSecurely, only, secure, upgradablePair } from './helpers/tls-peer.js';
import { pem } from './helpers/tls-server.js';

const require = createRequire(import.meta.url);
const { NONE, parseTlsOptions } = require('../lib/tls-options.js');

const NAMES = [
  ...['ca', 'cert', 'key', 'passphrase', 'alpn', 'ALPNProtocols', 'minVersion', 'maxVersion'],
  ...['rejectUnauthorized', 'useSystemCA', 'keyLog', 'expectedServerHostname', 'servername', 'sni'],
  ...['connectTimeout', 'pfx', 'crl', 'checkServerIdentity'],
];

const refused = (options, message, code = 'ERR_INVALID_ARG_VALUE') =>
  assert.throws(
    () => new TLSSocket(options),
    (error) => error instanceof SocketError && error.code === code && message.test(error.message),
  );

test('any value whatever gives settings or a SocketError', () => {
  const value = fc.anything({ withProxies: true, withBigInt: true, withTypedArray: true });
  const member = fc.oneof(value, fc.constantFrom(ca, [ca], 'h2', ['h2'], 'TLSv1.2', 'TLSv1.3', 1000, false));
  const record = fc.record(Object.fromEntries(NAMES.map((name) => [name, member])), { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(value, record), (input) => {
      try {
        assert.deepEqual(Object.keys(parseTlsOptions(input)).toSorted(), Object.keys(NONE).toSorted());
      } catch (error) {
        assert.ok(error instanceof SocketError, `not a SocketError: ${error}`);
      }
    }),
    { numRuns: 5000 },
  );
});

for (const [title, make] of Object.entries({
  'a getter': (cause) => ({
    get ca() {
      throw cause;
    },
  }),
  'the getter of an element': (cause) => ({
    ca: Object.defineProperty([], 0, {
      get() {
        throw cause;
      },
    }),
  }),
  'the getter of a key': (cause) => ({
    key: {
      get pem() {
        throw cause;
      },
    },
  }),
  'the length of a list': (cause) => ({
    ca: new Proxy([], {
      get() {
        throw cause;
      },
    }),
  }),
})) {
  test(`what ${title} throws is the cause of the error`, () => {
    const cause = new Error('no');
    assert.throws(
      () => parseTlsOptions(make(cause)),
      (error) => error instanceof SocketError && error.cause === cause,
    );
  });
}

for (const name of ['ca', 'cert', 'key', 'ALPNProtocols']) {
  test(`the option ${name} in memory that was transferred is refused`, () => {
    const bytes = new Uint8Array(Buffer.from(ca));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    refused({ [name]: bytes }, /reading the TLS options threw/);
  });
}

for (const [name, advice] of [
  ['pfx', /convert it to the options cert and key/],
  ['crl', /revocation is not checked/],
  ['checkServerIdentity', /the name of the server is always verified/],
]) {
  test(`the option ${name} is refused, and not ignored`, async (t) => {
    refused({ [name]: () => {} }, advice);
    const { socket } = await upgradablePair(t);
    assert.throws(() => socket.startTls({ ca, [name]: 'x' }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: advice,
    });
  });
}

// Versions

for (const [title, ofBinding, ofUpgrade, server, expected] of [
  [
    'minVersion stays when maxVersion is given',
    { minVersion: 'TLSv1.3' },
    { maxVersion: 'TLSv1.3' },
    'TLSv1.2',
  ],
  [
    'maxVersion stays when minVersion is given',
    { maxVersion: 'TLSv1.2' },
    { minVersion: 'TLSv1.2' },
    'TLSv1.3',
  ],
  ['minVersion is replaced', { minVersion: 'TLSv1.3' }, { minVersion: 'TLSv1.2' }, 'TLSv1.2', 'TLSv1.2'],
]) {
  test(`the ${title} to startTls()`, { timeout }, async (t) => {
    const listener = await listen(t);
    const old = new TLSSocket({ ca, ...ofBinding }).connect(listener.address, {
      secureTransport: 'starttls',
    });
    const socket = old.startTls(ofUpgrade);
    t.after(() => socket.close().catch(() => {}));
    const securing = outcome(secure(await listener.accept(), only(server)));
    if (expected === undefined) {
      assert.equal((await rejection(socket.opened)).code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
      assert.ok('error' in (await securing));
    } else {
      await socket.opened;
      assert.equal((await securing).value.raw.getProtocol(), expected);
    }
  });
}

test('a minVersion above the maxVersion is refused, wherever they come from', async (t) => {
  refused(
    { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
    /minVersion is "TLSv1.3", and maxVersion is older/,
  );
  const listener = await listen(t);
  const binding = new TLSSocket({ ca, minVersion: 'TLSv1.3' });
  const old = binding.connect(listener.address, { secureTransport: 'starttls' });
  t.after(() => old.close());
  assert.throws(() => old.startTls({ maxVersion: 'TLSv1.2' }), { code: 'ERR_INVALID_ARG_VALUE' });
});

// When they are read

test('a TLSSocket keeps its options when the buffers that they came in are wiped', { timeout }, async (t) => {
  const listener = await listen(t);
  const options = {
    ca: Buffer.from(ca),
    cert: Buffer.from(pem('client-p256.pem')),
    key: Buffer.from(pem('p256.key')),
  };
  const binding = new TLSSocket(options);
  for (const buffer of Object.values(options)) buffer.fill(0);
  for (const connect of [
    () => binding.connect(listener.address),
    () => binding.connect(listener.address, { sni: 'localhost' }),
    () => binding.connect(listener.address, { secureTransport: 'starttls' }).startTls({ alpn: ['winter'] }),
  ]) {
    const socket = connect();
    t.after(() => socket.close());
    const peer = await secure(await listener.accept(), { ca, requestCert: true });
    await socket.opened;
    assert.equal(peer.raw.authorized, true);
  }
});

test('NODE_TLS_REJECT_UNAUTHORIZED counts when a connection is made', { timeout }, async (t) => {
  const listener = await listen(t);
  const serve = async () => secure(await listener.accept()).catch(() => {});
  const main = async ({ TLSSocket }, address) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    const binding = new TLSSocket();
    await binding.connect(address).opened;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '1';
    for (const options of [undefined, { sni: 'localhost' }]) {
      const failed = binding.connect(address, options).opened.then(
        () => 'opened',
        ({ code }) => code,
      );
      console.log(await failed);
    }
    process.exit();
  };
  const child = run(t, main, { args: [listener.address], flags: ['--no-warnings'] });
  for (let i = 0; i < 3; i++) await serve();
  const { stdout } = await child;
  assert.equal(stdout, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE\nUNABLE_TO_VERIFY_LEAF_SIGNATURE\n');
});

for (const [title, act] of Object.entries({
  'close()': (socket) => void socket.close(),
  'startTls()': (socket) => void socket.startTls({ ca }),
})) {
  for (const state of ['open', 'pending']) {
    test(
      `options whose getter calls ${title} of a socket that is ${state} are refused`,
      { timeout },
      async (t) => {
        const listener = await listen(t);
        const socket = new TLSSocket({ ca }).connect(listener.address, { secureTransport: 'starttls' });
        if (state === 'open') await socket.opened;
        const options = {
          get ca() {
            act(socket);
            return undefined;
          },
        };
        t.after(() => socket.close().catch(() => {}));
        assert.throws(() => socket.startTls(options), { code: 'ERR_INVALID_STATE' });
      },
    );
  }
}

// Identities

for (const [title, sigalgs, kind] of [
  ['takes any: the first', undefined, 'RSA'],
  ['takes ECDSA alone: the second', 'ecdsa_secp256r1_sha256', 'EC'],
]) {
  test(`of two client certificates, the server ${title} is shown`, { timeout }, async (t) => {
    const listener = await listen(t);
    const cert = [pem('client-rsa-2048.pem'), pem('client-p256.pem')];
    const key = [pem('rsa-2048.key'), { pem: pem('p256.encrypted.key'), passphrase: 'winter' }];
    const socket = connectSecurely(t, listener, { tls: { cert, key } });
    const peer = await secure(await listener.accept(), {
      ca,
      requestCert: true,
      ...(sigalgs && { sigalgs }),
    });
    await socket.opened;
    assert.equal(peer.raw.authorized, true);
    assert.equal(peer.raw.getPeerCertificate().asn1Curve === undefined ? 'RSA' : 'EC', kind);
  });
}

// Protocols and names

for (const [title, ALPNProtocols, seen] of [
  ['names', ['h9', 'winter'], 'winter'],
  ['names in bytes', [Buffer.from('h9'), new Uint8Array(Buffer.from('winter'))], 'winter'],
  ['the list as it is on the wire', Buffer.from('\x02h9\x06winter'), 'winter'],
  ['a name that is not ASCII', [Buffer.from('été')], 'été'],
]) {
  test(`ALPNProtocols may be ${title}`, { timeout }, async (t) => {
    const listener = await listen(t);
    const socket = connectSecurely(t, listener, { tls: { ALPNProtocols } });
    await secure(await listener.accept(), { ALPNProtocols: [seen] });
    assert.equal((await socket.opened).alpn, seen);
  });
}

test('ALPNProtocols that end early, or are no text, are refused', () => {
  refused({ ALPNProtocols: Buffer.from('\x05h2') }, /ends in the middle of a protocol/);
  refused({ ALPNProtocols: Buffer.from([2, 0x8a, 0x8a]) }, /the protocol 8a8a \(hex\) .* is not UTF-8/);
  refused({ ALPNProtocols: [Buffer.from([0xff, 0xfe])] }, /the protocol fffe \(hex\) .* is not UTF-8/);
});

test('an empty expectedServerHostname is none, as in workerd', { timeout }, async (t) => {
  const { socket, peer: plain } = await upgradablePair(t);
  const upgraded = socket.startTls({ ca, expectedServerHostname: '' });
  t.after(() => upgraded.close());
  await secure(plain);
  await upgraded.opened;
});

test('secrets go to SSLKEYLOGFILE when keyLog asks for it, and only then', { timeout }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-key-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys');
  const listener = await listen(t);
  const main = async ({ TLSSocket }, address, options) => {
    await new TLSSocket(options).connect(address).opened;
    process.exit();
  };
  for (const [keyLog, lines] of [
    [undefined, ''],
    [true, 'CLIENT_HANDSHAKE_TRAFFIC_SECRET '],
  ]) {
    const child = run(t, main, { args: [listener.address, { ca, keyLog }], env: { SSLKEYLOGFILE: file } });
    await secure(await listener.accept()).catch(() => {});
    assert.equal((await child).code, 0);
    let text = '';
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      // Without a secret to write there need not be a file.
      assert.equal(error.code, 'ENOENT');
    }
    assert.equal(text.includes('SECRET'), lines !== '');
    assert.ok(text.includes(lines));
  }
});
