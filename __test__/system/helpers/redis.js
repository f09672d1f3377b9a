// Redis as it comes with the system, with and without TLS.

import { fixture } from '../../helpers/tls-server.js';
import { find, startDaemon } from './daemon.js';

const { path, skip: withoutRedis } = find('redis-server', 'redis-server');

/** For the option `skip` of the tests that need it. */
export const skip = withoutRedis;

/**
 * Starts a server.
 *
 * @param {object} [settings]
 * @param {string} [settings.certificate] The name of the certificate in `../../fixtures/tls` for a server that talks TLS,
 *   and nothing else. Its key is p256.key.
 * @param {string} [settings.password]
 */
export function startRedis({ certificate, password } = {}) {
  return startDaemon(path, (folder, port) => [
    ...(certificate === undefined ? ['--port', `${port}`] : tls(certificate, port)),
    ...['--bind', '127.0.0.1', '--dir', folder],
    // Nothing is kept.
    ...['--save', '', '--appendonly', 'no'],
    ...(password === undefined ? [] : ['--requirepass', password]),
  ]);
}

const tls = (certificate, port) => [
  ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no'],
  ...['--tls-cert-file', fixture(`${certificate}.pem`), '--tls-key-file', fixture('p256.key')],
  ...['--tls-ca-cert-file', fixture('root.pem')],
];
