// Verification of certificates can be switched off in two ways, and both say so.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { root, run } from './helpers/child.js';
import { timeout } from './helpers/deadline.js';
import { serve } from './helpers/tls-server.js';

/** The files below a folder of the package that have something in their code, once for each time; not in comments or tests. */
function places(folder, pattern) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(rs|js)$/.test(name) && !name.endsWith('tests.rs'))
    .sort()
    .flatMap((name) => {
      const code = readFileSync(join(root, folder, name), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
      return Array.from(code.matchAll(pattern), () => `${folder}/${name.replaceAll('\\', '/')}`);
    });
}

/** The same without repetitions. */
const files = (folder, pattern) => [...new Set(places(folder, pattern))];

test('a verifier of our own is set in one place, and accepts anything in one', () => {
  assert.deepEqual(files('src', /danger/g), ['src/tls/client.rs', 'src/tls/verifier.rs']);
  assert.deepEqual(places('src', /\.dangerous\(\)/g), ['src/tls/client.rs']);
  assert.deepEqual(files('src', /ServerCertVerified::assertion/g), ['src/tls/verifier.rs']);
  assert.deepEqual(places('src', /Arc::new\(Unverified\(/g), ['src/tls/client.rs']);
});

test('the switch is handed on in one place', () => {
  assert.deepEqual(files('src', /reject_unauthorized/g), ['src/binding/tls.rs']);
  assert.deepEqual(places('src', /unverified: (?!bool)/g), ['src/binding/tls.rs']);
  // Published builds are without it, and it switches something else.
  assert.deepEqual(places('src', /\benv::vars?/g), ['src/inject.rs']);
  assert.deepEqual(places('lib', /new TlsConfig\(/g), ['lib/tls.js']);
});

test('the option and the variable are read in one place each', () => {
  assert.deepEqual(places('lib', /read\w*\([^)]*'rejectUnauthorized'/g), ['lib/tls-options.js']);
  // Over a duplex it is handed to Node, with the value that it has here.
  assert.deepEqual(files('lib', /\brejectUnauthorized\b/g), [
    'lib/duplex-tls.js',
    'lib/tls-options.js',
    'lib/tls.js',
  ]);
  assert.deepEqual(places('lib', /rejectUnauthorized: isVerified\(settings\),/g), ['lib/duplex-tls.js']);
  assert.deepEqual(places('lib', /process\.env\.NODE_TLS_REJECT_UNAUTHORIZED/g), ['lib/tls.js']);
  assert.deepEqual(files('lib', /NODE_TLS_REJECT_UNAUTHORIZED/g), ['lib/tls.js']);
});

/** Connects several times, one after the other and at the same time, and prints the warnings of the process. */
async function connectOften({ TLSSocket, connect }, address, options) {
  const warnings = [];
  process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));
  const codes = [];
  const attempt = async (open) => {
    const socket = open();
    codes.push(
      await socket.opened.then(
        () => 'ok',
        ({ code }) => code,
      ),
    );
    await socket.close().catch(() => {});
  };
  const binding = new TLSSocket(options);
  await attempt(() => binding.connect(address));
  await attempt(() => new TLSSocket(options).connect(address));
  await Promise.all([1, 2, 3].map(() => attempt(() => binding.connect(address))));
  await Promise.all(
    [1, 2, 3].map(() => attempt(() => new TLSSocket({ ...options, alpn: ['h2'] }).connect(address))),
  );
  await attempt(() => connect(address, { secureTransport: 'on' }));
  await attempt(() => connect(address, { secureTransport: 'starttls' }).startTls(options));
  console.log(JSON.stringify({ codes, warnings }));
}

/** What `connectOften` prints in a process of its own, and what Node prints there. */
async function warningsOf(t, { options = {}, env = {} }) {
  const { port } = await serve(t, { ALPNProtocols: ['h2'] });
  const { stdout, stderr } = await run(t, connectOften, {
    args: [`localhost:${port}`, options],
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '', NODE_EXTRA_CA_CERTS: '', ...env },
  });
  return { ...JSON.parse(stdout), stderr };
}

const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';

test('without a switch all connections are verified, and nothing is said', { timeout }, async (t) => {
  const { codes, warnings, stderr } = await warningsOf(t, {});
  assert.deepEqual(codes, Array(10).fill(UNKNOWN));
  assert.deepEqual(warnings, []);
  assert.equal(stderr, '');
});

test('rejectUnauthorized: false is warned of once, and counts where it is given', { timeout }, async (t) => {
  const { codes, warnings, stderr } = await warningsOf(t, { options: { rejectUnauthorized: false } });
  // The ninth is the one of `connect()`, which does not have the option.
  assert.deepEqual(codes, [...Array(8).fill('ok'), UNKNOWN, 'ok']);
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0], /rejectUnauthorized/);
  assert.equal(stderr.split('Warning:').length - 1, 1, stderr);
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 is warned of once, and counts everywhere', { timeout }, async (t) => {
  const { codes, warnings, stderr } = await warningsOf(t, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  assert.deepEqual(codes, Array(10).fill('ok'));
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0], /NODE_TLS_REJECT_UNAUTHORIZED/);
  assert.equal(stderr.split('Warning:').length - 1, 1, stderr);
});

test('both switches together are warned of once each', { timeout }, async (t) => {
  const { codes, warnings } = await warningsOf(t, {
    options: { rejectUnauthorized: false },
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });
  assert.deepEqual(codes, Array(10).fill('ok'));
  assert.equal(warnings.length, 2, warnings.join('\n'));
  assert.deepEqual(
    [/rejectUnauthorized/, /NODE_TLS_REJECT_UNAUTHORIZED/].map(
      (word) => warnings.filter((text) => word.test(text)).length,
    ),
    [1, 1],
  );
});
