// What the two sides agree on: version, protocol and server name; and how the records of a handshake may arrive.

import { matrix } from './helpers/tls-matrix.js';
import { pem, serve, serveWithOpenssl, trickle, withoutOpenssl } from './helpers/tls-server.js';

const ca = pem('root.pem');
const client = { ca };
const only = (version) => ({ minVersion: version, maxVersion: version });
const NO_COMMON_VERSION = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION';

matrix('what is negotiated, as a table', [
  // Versions
  { case: 'the newest version is agreed on', client, seen: { protocol: 'TLSv1.3' } },
  ...['TLSv1.2', 'TLSv1.3'].flatMap((version) => [
    { case: `server: ${version} only`, server: only(version), client, seen: { protocol: version } },
    { case: `client: ${version} only`, client: { ca, ...only(version) }, seen: { protocol: version } },
  ]),
  {
    case: 'client: minVersion TLSv1.2',
    client: { ca, minVersion: 'TLSv1.2' },
    seen: { protocol: 'TLSv1.3' },
  },
  {
    case: 'client: minVersion TLSv1.3',
    client: { ca, minVersion: 'TLSv1.3' },
    seen: { protocol: 'TLSv1.3' },
  },
  {
    case: 'client: maxVersion TLSv1.2',
    client: { ca, maxVersion: 'TLSv1.2' },
    seen: { protocol: 'TLSv1.2' },
  },
  {
    case: 'client: maxVersion TLSv1.3',
    client: { ca, maxVersion: 'TLSv1.3' },
    seen: { protocol: 'TLSv1.3' },
  },
  {
    case: 'client: minVersion TLSv1.3, server: TLSv1.2 only',
    server: only('TLSv1.2'),
    client: { ca, minVersion: 'TLSv1.3' },
    expected: NO_COMMON_VERSION,
  },
  {
    case: 'client: maxVersion TLSv1.2, server: TLSv1.3 only',
    server: only('TLSv1.3'),
    client: { ca, maxVersion: 'TLSv1.2' },
    expected: NO_COMMON_VERSION,
  },
  { case: 'server: TLSv1.1 only', server: only('TLSv1.1'), client, expected: NO_COMMON_VERSION },
  ...[only('TLSv1.1'), { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, { minVersion: 'SSLv3' }].map(
    (versions) => ({
      case: `client: ${Object.entries(versions).flat().join(' ')}`,
      client: { ca, ...versions },
      expected: 'ERR_INVALID_ARG_VALUE',
    }),
  ),

  // Algorithms
  {
    case: 'server: a key exchange that nobody guesses',
    server: { ecdhCurve: 'P-384' },
    client,
    seen: { protocol: 'TLSv1.3' },
  },
  {
    case: 'server: no key exchange that is known',
    server: { ecdhCurve: 'brainpoolP256r1', ...only('TLSv1.2') },
    client,
    expected: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  },
  {
    case: 'server: no cipher that is safe',
    server: { certificate: 'rsa-2048', ciphers: 'AES128-SHA', ...only('TLSv1.2') },
    client,
    expected: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  },

  // ALPN
  {
    case: 'ALPN: the server chooses',
    server: { ALPNProtocols: ['h2', 'http/1.1'] },
    client: { ca, alpn: ['http/1.1', 'h2'] },
    seen: { alpn: 'h2' },
  },
  {
    case: 'ALPN: the same in TLS 1.2',
    server: { ALPNProtocols: ['http/1.1'], ...only('TLSv1.2') },
    client: { ca, alpn: ['h2', 'http/1.1'] },
    seen: { alpn: 'http/1.1' },
  },
  {
    case: "ALPN: by Node's name of the option",
    server: { ALPNProtocols: ['postgresql'] },
    client: { ca, ALPNProtocols: ['postgresql'] },
    seen: { alpn: 'postgresql' },
  },
  {
    case: 'ALPN: none in common',
    server: { ALPNProtocols: ['h2'] },
    client: { ca, alpn: ['smtp'] },
    expected: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  },
  { case: 'ALPN: only the client', client: { ca, alpn: ['h2'] }, seen: { alpn: null } },
  { case: 'ALPN: only the server', server: { ALPNProtocols: ['h2'] }, client, seen: { alpn: null } },

  // Server name
  { case: 'SNI: the name of the address', client, seen: { servername: 'localhost' } },
  {
    case: 'SNI: none for an IPv4 address',
    server: { host: '127.0.0.1' },
    hostname: '127.0.0.1',
    client,
    seen: { servername: false },
  },
  {
    case: 'SNI: none for an IPv6 address',
    server: { host: '::1' },
    hostname: '::1',
    client,
    seen: { servername: false },
  },
  {
    case: 'SNI: a name for an address',
    server: { host: '127.0.0.1' },
    hostname: '127.0.0.1',
    client: { ca, sni: 'localhost' },
    seen: { servername: 'localhost' },
  },
  { case: 'SNI: capitals', client: { ca, sni: 'LocalHost' }, seen: { servername: 'LocalHost' } },
  {
    case: 'SNI: a dot at the end',
    client: { ca, sni: 'localhost.' },
    seen: { servername: 'localhost' },
  },
  {
    case: 'SNI: an address in place of the name is verified, and not sent',
    client: { ca, expectedServerHostname: '127.0.0.1' },
    seen: { servername: false },
  },
  {
    case: 'SNI: expectedServerHostname before servername',
    server: { certificate: 'wrong-host' },
    client: { ca, expectedServerHostname: 'example.org', servername: 'localhost' },
    seen: { servername: 'example.org' },
  },
  {
    case: 'SNI: servername before sni',
    server: { certificate: 'wrong-host' },
    client: { ca, servername: 'example.org', sni: 'localhost' },
    seen: { servername: 'example.org' },
  },

  // Records
  ...['TLSv1.2', 'TLSv1.3'].map((version) => ({
    case: `a handshake byte by byte, ${version}`,
    server: async (t) => trickle(t, await serve(t, { certificate: 'chain', ...only(version) })),
    client,
    seen: { protocol: version },
  })),
  ...['-tls1_2', '-tls1_3'].map((version) => ({
    case: `a handshake in small fragments, ${version}`,
    server: (t) => {
      const args = [version, '-max_send_frag', '512', '-split_send_frag', '512'];
      return serveWithOpenssl(t, { certificate: 'rsa-4096', args });
    },
    skip: withoutOpenssl,
    client,
  })),
  {
    case: 'the server wants to renegotiate',
    server: (t) => serveWithOpenssl(t, { args: ['-tls1_2'], renegotiate: true }),
    skip: withoutOpenssl,
    client,
    expected: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  },
]);
