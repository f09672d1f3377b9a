// Which certificates of a server are accepted. That a certificate was revoked is not checked, as in Node.

import { pem } from './helpers/tls-server.js';
import { matrix } from './helpers/tls-matrix.js';

const ca = pem('root.pem');
const client = { ca };
const verified = { protocol: 'TLSv1.3', servername: 'localhost' };

/** A certificate of somebody else, which stands for a root that is not the right one. */
const stranger = { ca: pem('self-signed-ca.pem') };

/** A certificate with a signature in which one bit is wrong. */
function tampered(name) {
  const der = Buffer.from(pem(name).replace(/-----.*-----/g, ''), 'base64');
  der[der.length - 1] ^= 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

matrix('the certificate matrix, as a table', [
  // Kinds of keys
  ...['rsa-2048', 'rsa-4096', 'p256', 'p384', 'ed25519'].flatMap((certificate) => [
    { case: `${certificate}, TLS 1.3`, server: { certificate }, client, seen: verified },
    {
      case: `${certificate}, TLS 1.2`,
      server: { certificate, maxVersion: 'TLSv1.2' },
      client,
      seen: { protocol: 'TLSv1.2' },
    },
  ]),
  {
    case: 'RSA with 1024 bits',
    server: { certificate: 'rsa-1024' },
    client,
    expected: 'CERT_SIGNATURE_FAILURE',
  },
  { case: 'signed with SHA-1', server: { certificate: 'sha1' }, client, expected: 'CERT_SIGNATURE_FAILURE' },
  {
    case: 'a signature that is wrong',
    server: { cert: tampered('p256.pem') },
    client,
    expected: 'CERT_SIGNATURE_FAILURE',
  },

  // Validity and purpose
  { case: 'expired', server: { certificate: 'expired' }, client, expected: 'CERT_HAS_EXPIRED' },
  {
    case: 'not valid yet',
    server: { certificate: 'not-yet-valid' },
    client,
    expected: 'CERT_NOT_YET_VALID',
  },
  {
    case: 'for clients, not for servers',
    server: { certificate: 'client-p256' },
    client,
    expected: 'INVALID_PURPOSE',
  },

  // Names
  {
    case: 'another name',
    server: { certificate: 'wrong-host' },
    client,
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'another name, which the client expects: sni',
    server: { certificate: 'wrong-host' },
    client: { ca, sni: 'example.org' },
    seen: { servername: 'example.org' },
  },
  {
    case: 'another name, which the client expects: servername',
    server: { certificate: 'wrong-host' },
    client: { ca, servername: 'example.org' },
    seen: { servername: 'example.org' },
  },
  {
    case: 'another name, which the client expects: expectedServerHostname',
    server: { certificate: 'wrong-host' },
    client: { ca, expectedServerHostname: 'example.org' },
    seen: { servername: 'example.org' },
  },
  {
    case: 'a wildcard and a name below it',
    server: { certificate: 'wildcard' },
    client: { ca, sni: 'a.wild.test' },
    seen: { servername: 'a.wild.test' },
  },
  {
    case: 'a wildcard and a name two levels below it',
    server: { certificate: 'wildcard' },
    client: { ca, sni: 'a.b.wild.test' },
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'a wildcard and its own domain',
    server: { certificate: 'wildcard' },
    client: { ca, sni: 'wild.test' },
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'an IPv4 address in the certificate',
    server: { certificate: 'ip-only', host: '127.0.0.1' },
    hostname: '127.0.0.1',
    client,
    seen: { servername: false },
  },
  {
    case: 'an IPv6 address in the certificate',
    server: { host: '::1' },
    hostname: '::1',
    client,
    seen: { servername: false },
  },
  {
    case: 'an address that is not in the certificate',
    server: { certificate: 'wrong-host', host: '127.0.0.1' },
    hostname: '127.0.0.1',
    client,
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'a name, and only the address is in the certificate',
    server: { certificate: 'ip-only' },
    client,
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'the name only in the subject',
    server: { certificate: 'cn-only' },
    client,
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },

  // Chains
  { case: 'signed by an intermediate, which is sent', server: { certificate: 'chain' }, client },
  {
    case: 'signed by an intermediate, which is missing',
    server: { certificate: 'chained' },
    client,
    expected: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  },
  {
    case: 'signed by an intermediate, which the client has next to the root',
    server: { certificate: 'chained' },
    client: { ca: [ca, pem('intermediate.pem')] },
  },
  {
    case: 'signed by an intermediate, and sent with its root',
    server: { cert: pem('chain.pem', 'root.pem') },
    client,
  },
  {
    case: 'signed by a root that is not trusted',
    client: stranger,
    expected: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  },
  {
    case: 'signed by a root that no default has',
    expected: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  },
  {
    case: 'signed by an intermediate of a root that is not trusted',
    server: { certificate: 'chain' },
    client: stranger,
    expected: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  },
  {
    case: 'sent with a root that is not trusted',
    server: { cert: pem('p256.pem', 'root.pem') },
    client: stranger,
    expected: 'SELF_SIGNED_CERT_IN_CHAIN',
  },
  {
    case: 'for a name that its authority may not sign for',
    server: { cert: pem('constrained.pem', 'constrained-ca.pem') },
    client,
    expected: 'PERMITTED_VIOLATION',
  },
  {
    case: 'signed by a certificate that is no authority',
    server: { cert: pem('forged.pem', 'p256.pem') },
    client,
    expected: 'INVALID_CA',
  },
  {
    case: 'signed by an intermediate, which is all that is trusted',
    server: { certificate: 'chained' },
    client: { ca: pem('intermediate.pem') },
  },

  // Self-signed
  ...['self-signed-ca', 'self-signed'].flatMap((certificate) => [
    {
      case: `${certificate}, not trusted`,
      server: { certificate },
      client,
      expected: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    },
    {
      case: `${certificate}, trusted`,
      server: { certificate },
      client: { ca: pem(`${certificate}.pem`) },
      seen: verified,
    },
    {
      case: `${certificate}, trusted, and TLS 1.2`,
      server: { certificate, maxVersion: 'TLSv1.2' },
      client: { ca: pem(`${certificate}.pem`) },
    },
    {
      case: `${certificate}, trusted, for an address`,
      server: { certificate, host: '127.0.0.1' },
      hostname: '127.0.0.1',
      client: { ca: pem(`${certificate}.pem`) },
    },
    {
      case: `${certificate}, trusted, for another name`,
      server: { certificate },
      client: { ca: pem(`${certificate}.pem`), sni: 'example.org' },
      expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
    },
    {
      case: `${certificate}, trusted, but expired`,
      server: { certificate: `${certificate}-expired` },
      client: { ca: pem(`${certificate}-expired.pem`) },
      expected: 'CERT_HAS_EXPIRED',
    },
  ]),

  // How the roots are given
  { case: 'a root as bytes', client: { ca: new Uint8Array(Buffer.from(ca)) } },
  { case: 'roots as a list', client: { ca: [stranger.ca, Buffer.from(ca)] } },
  { case: 'several roots in one PEM', client: { ca: pem('self-signed-ca.pem', 'root.pem') } },
  ...[
    ['no PEM', 'root'],
    ['an empty list', []],
    ['a key', pem('p256.key')],
    ['a certificate that is damaged', ca.replace(/\n.{8}/, '\n')],
  ].map(([title, ca]) => ({ case: `${title} as root`, client: { ca }, expected: 'ERR_INVALID_ARG_VALUE' })),

  // Not verified
  ...['expired', 'wrong-host', 'self-signed', 'chained', 'sha1', 'client-p256'].map((certificate) => ({
    case: `${certificate}, with rejectUnauthorized: false`,
    server: { certificate },
    client: { rejectUnauthorized: false },
    seen: verified,
  })),
  {
    case: 'rsa-1024, with rejectUnauthorized: false',
    server: { certificate: 'rsa-1024' },
    client: { rejectUnauthorized: false },
    // That the server has the key can not be verified.
    expected: 'CERT_SIGNATURE_FAILURE',
  },
  ...[undefined, null, true, 0, ''].map((rejectUnauthorized) => ({
    case: `not trusted, with rejectUnauthorized: ${JSON.stringify(rejectUnauthorized)}`,
    client: { rejectUnauthorized },
    expected: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  })),
]);
