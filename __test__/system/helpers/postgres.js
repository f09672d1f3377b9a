// PostgreSQL as it comes with the system, with a cluster of our own that takes nothing but TLS, if not told otherwise.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { fixture } from '../../helpers/tls-server.js';
import { environment, find } from './daemon.js';
import { freePort } from '../../helpers/refused-port.js';

/** Where Debian installs each version. */
const VERSIONS = '/usr/lib/postgresql';
const folders = existsSync(VERSIONS) ? readdirSync(VERSIONS).map((name) => join(VERSIONS, name, 'bin')) : [];

const { path, skip: withoutPostgres } = find('pg_ctl', 'postgresql', folders);

/** For the option `skip` of the tests that need it. */
export const skip = withoutPostgres;

/** Somebody else may take the port that was free a moment ago. */
const MOST_ATTEMPTS = 5;

/** The name in the clients' certificate, which is that of a user who has to show it. */
export const CERTIFIED = 'Winter Client';

/** Nobody gets in without TLS, and that one user not without a certificate. */
const TLS_ONLY = `
hostssl all "${CERTIFIED}" 127.0.0.1/32 cert
hostssl all all            127.0.0.1/32 trust
`;

/**
 * Starts a server, with a user `winter`.
 *
 * @param {object} [settings]
 * @param {string} [settings.access] Who gets in, and how: the lines of `pg_hba.conf`.
 */
export async function startPostgres({ access = TLS_ONLY } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-postgres-'));
  const data = join(folder, 'data');
  const owner = ownerOfClusters();
  const command = (name, ...args) => {
    const { status, stderr } = spawnSync(join(dirname(realpathSync(path)), name), args, {
      ...owner,
      env: environment,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stderr}\n${logOf(folder)}`);
  };
  const install = (name, from) => {
    const file = join(data, name);
    copyFileSync(fixture(from), file);
    chmodSync(file, 0o600);
    if (owner) chownSync(file, owner.uid, owner.gid);
  };
  const stop = () => rmSync(folder, { recursive: true, force: true });
  if (owner) chownSync(folder, owner.uid, owner.gid);
  try {
    command('initdb', '-D', data, '-U', 'winter', '--auth=trust', '--no-locale', '-E', 'UTF8', '--no-sync');
    install('server.crt', 'p256.pem');
    install('server.key', 'p256.key');
    install('root.crt', 'root.pem');
    writeFileSync(join(data, 'pg_hba.conf'), access);
    appendFileSync(join(data, 'postgresql.conf'), "\nssl = on\nssl_ca_file = 'root.crt'\nfsync = off\n");
    const port = await startOnUnusedPort((port) => {
      const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1`;
      command('pg_ctl', 'start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', options);
    });
    return {
      address: `127.0.0.1:${port}`,
      port,
      /**
       * Ends all sessions, stops, and starts again on the same port. Unlike the other commands it lets this process go on
       * meanwhile.
       *
       * @param {string} [certificate] The one to show from then on, with the key p256.key.
       */
      async restart(certificate = 'p256.pem') {
        install('server.crt', certificate);
        const args = ['restart', '-w', '-D', data, '-m', 'fast', '-l', join(folder, 'log')];
        const child = spawn(realpathSync(path), args, { ...owner, env: environment, stdio: 'ignore' });
        const [code] = await once(child, 'exit');
        if (code !== 0) throw new Error(`pg_ctl ended with ${code}:\n${logOf(folder)}`);
      },
      stop() {
        command('pg_ctl', 'stop', '-w', '-D', data, '-m', 'immediate');
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function startOnUnusedPort(start) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      start(port);
      return port;
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
function ownerOfClusters() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag, user) => {
    const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  };
  const user = idOf('-u', 'postgres') === undefined ? 'nobody' : 'postgres';
  return { uid: idOf('-u', user), gid: idOf('-g', user) };
}

function logOf(folder) {
  const log = join(folder, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}
