// Name resolution of our own, where the system lets us: Linux namespaces in which other files stand for `/etc/hosts` and
// `/etc/resolv.conf`. Nothing outside of them changes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = `
  mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/resolv.conf" /etc/resolv.conf && ip link set lo up || exit 1
  shift
  exec "$@"
`;

/**
 * What to put before a command so that it runs with these files; `undefined` where the system does not allow it.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ hosts?: string, nameserver?: string }} files With a name server the network is one of its own, too, in which
 *   there is nothing but the loopback interface.
 * @returns {string[] | undefined}
 */
export function namespace(t, { hosts = '127.0.0.1 localhost\n', nameserver }) {
  if (process.platform !== 'linux') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'winter-sockets-names-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'hosts'), hosts);
  writeFileSync(join(folder, 'resolv.conf'), nameserver === undefined ? '' : `nameserver ${nameserver}\n`);
  const separate = nameserver === undefined ? '--mount' : '--mount --net';
  const prefixes = ['', '--map-root-user '].map((privilege) => [
    'unshare',
    ...`${privilege}${separate}`.split(' '),
    ...['sh', '-c', SCRIPT, 'sh', folder],
  ]);
  return prefixes.find(([command, ...args]) => spawnSync(command, [...args, 'true']).status === 0);
}
