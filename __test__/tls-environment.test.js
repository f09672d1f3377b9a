// What the environment has to say about trust, which a process reads when it begins.

import { matrix } from './helpers/tls-matrix.js';
import { fixture, pem } from './helpers/tls-server.js';

const root = fixture('root.pem');
const stranger = pem('self-signed-ca.pem');
const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
/** None of those that whoever runs the tests may have set. */
const none = {
  NODE_EXTRA_CA_CERTS: '',
  NODE_TLS_REJECT_UNAUTHORIZED: '',
  NODE_USE_SYSTEM_CA: '',
  SSL_CERT_FILE: '',
  SSL_CERT_DIR: '',
};
const env = (variables) => ({ ...none, ...variables });

matrix('trust by the environment, as a table', [
  { case: 'nothing is set', env: none, expected: UNKNOWN },

  { case: 'NODE_EXTRA_CA_CERTS', env: env({ NODE_EXTRA_CA_CERTS: root }) },
  {
    case: 'NODE_EXTRA_CA_CERTS, and another name',
    env: env({ NODE_EXTRA_CA_CERTS: root }),
    server: { certificate: 'wrong-host' },
    expected: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    case: 'NODE_EXTRA_CA_CERTS with a self-signed CA:TRUE',
    env: env({ NODE_EXTRA_CA_CERTS: fixture('self-signed-ca.pem') }),
    server: { certificate: 'self-signed-ca' },
  },
  {
    case: 'NODE_EXTRA_CA_CERTS with a self-signed CA:TRUE that has expired',
    env: env({ NODE_EXTRA_CA_CERTS: fixture('self-signed-ca-expired.pem') }),
    server: { certificate: 'self-signed-ca-expired' },
    expected: 'CERT_HAS_EXPIRED',
  },
  {
    case: 'NODE_EXTRA_CA_CERTS, and a ca that replaces all of them',
    env: env({ NODE_EXTRA_CA_CERTS: root }),
    client: { ca: stranger },
    expected: UNKNOWN,
  },
  {
    case: 'NODE_EXTRA_CA_CERTS with a file that does not exist',
    env: env({ NODE_EXTRA_CA_CERTS: fixture('nothing.pem') }),
    expected: UNKNOWN,
  },
  {
    case: 'NODE_EXTRA_CA_CERTS with a file that has no certificate',
    env: env({ NODE_EXTRA_CA_CERTS: fixture('p256.key') }),
    expected: UNKNOWN,
  },

  { case: 'NODE_TLS_REJECT_UNAUTHORIZED=0', env: env({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }) },
  {
    case: 'NODE_TLS_REJECT_UNAUTHORIZED=0, and expired',
    env: env({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    server: { certificate: 'expired' },
  },
  {
    case: 'NODE_TLS_REJECT_UNAUTHORIZED=0, and rejectUnauthorized: true',
    env: env({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    client: { rejectUnauthorized: true },
    expected: UNKNOWN,
  },
  ...['1', 'false', '00'].map((value) => ({
    case: `NODE_TLS_REJECT_UNAUTHORIZED=${value}`,
    env: env({ NODE_TLS_REJECT_UNAUTHORIZED: value }),
    expected: UNKNOWN,
  })),

  { case: 'useSystemCA', env: env({ SSL_CERT_FILE: root }), client: { useSystemCA: true } },
  {
    case: 'useSystemCA: false',
    env: env({ SSL_CERT_FILE: root, NODE_USE_SYSTEM_CA: '1' }),
    client: { useSystemCA: false },
    expected: UNKNOWN,
  },
  {
    case: 'useSystemCA, and the root is not among them',
    env: env({ SSL_CERT_FILE: fixture('self-signed-ca.pem') }),
    client: { useSystemCA: true },
    expected: UNKNOWN,
  },
  { case: 'NODE_USE_SYSTEM_CA=1', env: env({ SSL_CERT_FILE: root, NODE_USE_SYSTEM_CA: '1' }) },
  {
    case: 'NODE_USE_SYSTEM_CA=1, and a ca that replaces all of them',
    env: env({ SSL_CERT_FILE: root, NODE_USE_SYSTEM_CA: '1' }),
    client: { ca: stranger },
    expected: UNKNOWN,
  },
  { case: 'SSL_CERT_FILE alone', env: env({ SSL_CERT_FILE: root }) },
]);
