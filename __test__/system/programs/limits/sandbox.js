// A network of its own for a test, in which interfaces, routes and limits can be changed: Linux namespaces.

import { spawnSync } from 'node:child_process';

import { namespace } from '../../../helpers/namespace.js';

/**
 * What to put before a command so that it runs in such a network, set up by a shell script; `undefined`, with a word about
 * it, where the system does not let us.
 *
 * The tests are then not there at all: what a kernel lacks is no test that somebody left out.
 *
 * @param {string} what The tests are about.
 * @param {string} script
 * @param {Parameters<typeof namespace>[1]} [files]
 */
export function sandbox(what, script, files = {}) {
  const exit = { after: (clean) => process.once('exit', clean) };
  const prefix = namespace(exit, { nameserver: '127.0.0.1', ...files });
  const command = prefix && [...prefix, 'sh', '-c', `(${script}) >/dev/null || exit 97; exec "$@"`, 'sh'];
  if (command === undefined || !allows(command)) {
    console.log(
      `Not tested here, since this system has no namespaces, or not what is needed in them: ${what}`,
    );
    return undefined;
  }
  return command;
}

function allows([command, ...args]) {
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}
