/**
 * Starts the Node side: our package in a process of its own, so that neither a crash nor an unhandled rejection of a scenario
 * reaches the test runner. The child inherits the environment, which is how another reactor is chosen, and trusts the authority
 * of the peers.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AUTHORITY } from './certificates.js';
import { runtimeAt } from './runtime.js';

export async function startNode() {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: AUTHORITY };
  const child = fork(fileURLToPath(new URL('entry-node.js', import.meta.url)), { execArgv: [], env });
  const exited = once(child, 'exit');
  const [{ port }] = await Promise.race([
    once(child, 'message'),
    exited.then(([code]) =>
      Promise.reject(new Error(`the Node side exited with code ${code} before it was ready`)),
    ),
  ]);
  const stop = async () => {
    child.disconnect();
    await exited;
  };
  return runtimeAt({ name: 'winter-sockets', port, child, stop });
}
