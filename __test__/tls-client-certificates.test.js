// Servers that ask for a certificate.

import { matrix } from './helpers/tls-matrix.js';
import { fixture, pem, serveWithOpenssl, withoutOpenssl } from './helpers/tls-server.js';

const ca = pem('root.pem');
/** A server that refuses those who have none. */
const server = { ca, requestCert: true };
const p256 = { ca, cert: pem('client-p256.pem') };
const rsa = { ca, cert: pem('client-rsa-2048.pem') };
const passphrase = 'winter';
const seen = { authorized: true };

matrix('client certificates, as a table', [
  // Forms of keys
  { case: 'EC key in PKCS#8', server, client: { ...p256, key: pem('p256.key') }, seen },
  { case: 'EC key in SEC1', server, client: { ...p256, key: pem('p256.sec1.key') }, seen },
  { case: 'RSA key in PKCS#8', server, client: { ...rsa, key: pem('rsa-2048.key') }, seen },
  { case: 'RSA key in PKCS#1', server, client: { ...rsa, key: pem('rsa-2048.pkcs1.key') }, seen },
  {
    case: 'encrypted key in PKCS#8',
    server,
    client: { ...p256, key: pem('p256.encrypted.key'), passphrase },
    seen,
  },
  {
    case: 'a passphrase for a key that needs none',
    server,
    client: { ...p256, key: pem('p256.key'), passphrase },
    seen,
  },
  {
    case: 'TLS 1.2',
    server: { ...server, maxVersion: 'TLSv1.2' },
    client: { ...p256, key: pem('p256.key') },
    seen: { ...seen, protocol: 'TLSv1.2' },
  },
  {
    case: 'RSA and TLS 1.2',
    server: { ...server, maxVersion: 'TLSv1.2' },
    client: { ...rsa, key: pem('rsa-2048.key') },
    seen: { ...seen, protocol: 'TLSv1.2' },
  },
  {
    case: 'certificate and key as bytes',
    server,
    client: { ca, cert: Buffer.from(p256.cert), key: new Uint8Array(Buffer.from(pem('p256.key'))) },
    seen,
  },
  {
    case: 'certificate and key as lists',
    server,
    client: { ca, cert: [p256.cert], key: [pem('p256.key')] },
    seen,
  },
  {
    case: 'certificate and key in one PEM',
    server,
    client: { ca, cert: pem('client-p256.pem', 'p256.key'), key: pem('client-p256.pem', 'p256.key') },
    seen,
  },
  {
    case: 'signed by an intermediate, which is sent',
    server,
    client: { ca, cert: pem('chain.pem'), key: pem('p256.key') },
    seen,
  },

  // Not asked for, not given, not accepted
  { case: 'the server does not ask', client: { ...p256, key: pem('p256.key') }, seen: { authorized: false } },
  {
    case: 'none, but the server only asks',
    server: { ...server, rejectUnauthorized: false },
    client: { ca },
    seen: { authorized: false },
  },
  {
    case: 'none, TLS 1.3',
    server,
    client: { ca },
    expected: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  },
  {
    case: 'none, TLS 1.2',
    server: { ...server, maxVersion: 'TLSv1.2' },
    client: { ca },
    expected: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  },
  ...['-tls1_3', '-tls1_2'].map((version) => ({
    case: `one that the server does not trust, ${version}`,
    server: (t) => {
      const args = [version, '-Verify', '1', '-verify_return_error', '-CAfile', fixture('root.pem')];
      return serveWithOpenssl(t, { args });
    },
    skip: withoutOpenssl,
    client: { ca, cert: pem('self-signed-ca.pem'), key: pem('p256.key') },
    expected: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  })),

  // Not usable
  ...[
    ['a key of another certificate', { ...p256, key: pem('p384.key') }],
    ['a key of another kind', { ...p256, key: pem('rsa-2048.key') }],
    ['an encrypted key without its passphrase', { ...p256, key: pem('p256.encrypted.key') }],
    ['a wrong passphrase', { ...p256, key: pem('p256.encrypted.key'), passphrase: 'summer' }],
    ['a certificate without a key', p256],
    ['a key without a certificate', { ca, key: pem('p256.key') }],
    ['a certificate in place of the key', { ...p256, key: p256.cert }],
    ['a key in place of the certificate', { ca, cert: pem('p256.key'), key: pem('p256.key') }],
    ['a key that is no PEM', { ...p256, key: 'key' }],
    ['a certificate that is no PEM', { ca, cert: 'certificate', key: pem('p256.key') }],
  ].map(([title, client]) => ({ case: title, server, client, expected: 'ERR_INVALID_ARG_VALUE' })),
]);
