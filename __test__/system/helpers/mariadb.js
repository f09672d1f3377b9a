// MariaDB as it comes with the system, with data of its own, and TLS for those who ask for it.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fixture } from '../../helpers/tls-server.js';
import { environment, find, startDaemon } from './daemon.js';

const server = find('mariadbd', 'mariadb-server');
const installer = find('mariadb-install-db', 'mariadb-server');

/** For the option `skip` of the tests that need it. */
export const skip = server.skip || installer.skip;

export const USER = { user: 'winter', password: 'snow' };

/** What is done to the data before anybody connects. */
const SETUP = `
CREATE DATABASE winter;
CREATE USER 'winter'@'127.0.0.1' IDENTIFIED BY 'snow';
CREATE USER 'tls_only'@'127.0.0.1' IDENTIFIED BY 'snow' REQUIRE SSL;
GRANT ALL ON winter.* TO 'winter'@'127.0.0.1', 'tls_only'@'127.0.0.1';
`;

const FILES = { 'server.crt': 'p256.pem', 'server.key': 'p256.key', 'root.crt': 'root.pem' };

/** Starts a server with the database `winter`. */
export async function startMariadb() {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-mariadb-'));
  const at = (name) => join(folder, name);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    // It refuses to run as root.
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];
    for (const [name, from] of Object.entries(FILES)) {
      copyFileSync(fixture(from), at(name));
      chmodSync(at(name), 0o644);
    }
    writeFileSync(at('setup.sql'), SETUP);
    chmodSync(folder, 0o755);
    const install = [
      '--no-defaults',
      ...user,
      `--datadir=${at('data')}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    ];
    const { status, stdout, stderr } = spawnSync(installer.path, install, {
      env: environment,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`mariadb-install-db ended with ${status}:\n${stdout}\n${stderr}`);
    const daemon = await startDaemon(server.path, (_, port) => [
      '--no-defaults',
      ...user,
      ...[`--datadir=${at('data')}`, `--socket=${at('data/socket')}`, `--pid-file=${at('data/pid')}`],
      ...[
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        `--init-file=${at('setup.sql')}`,
      ],
      ...[`--ssl-cert=${at('server.crt')}`, `--ssl-key=${at('server.key')}`, `--ssl-ca=${at('root.crt')}`],
      // Nothing has to survive.
      ...['--innodb-flush-log-at-trx-commit=0', '--skip-log-bin', '--max-allowed-packet=64M'],
      ...['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M'],
    ]);
    return {
      address: daemon.address,
      port: daemon.port,
      async stop() {
        await daemon.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
