// Runs tests of drivers that are written for Workers, in a process in which they take themselves to be there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { root } from '../../helpers/child.js';

/**
 * Runs a file of tests. They are reported as tests of the file that calls this: the environment tells the runner how to
 * report, and both processes have the same output.
 *
 * @param {string} name Of the file in `../programs/on-workers`.
 * @param {object} [options]
 * @param {Record<string, string>} [options.env] Added to that of this process.
 * @param {string[]} [options.flags] Of Node.
 */
export async function testOnWorkers(name, { env, flags = [] } = {}) {
  const path = fileURLToPath(new URL(`../programs/on-workers/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'winter-sockets/register/workerd', ...flags, path], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  // What the runner does to a file that takes too long; without this the tests would go on.
  process.once('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
}
