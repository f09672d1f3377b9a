/**
 * workerd, the runtime of Cloudflare Workers, where `connect()` comes from. The workloads run in a worker, one request
 * each; this process only passes them on.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectWorkloads } from '../workloads/connect-api.mjs';

const require = createRequire(import.meta.url);
const config = fileURLToPath(new URL('workerd/config.capnp', import.meta.url));

export const { version } = require('workerd/package.json');

const { pid, port } = await start(require('workerd').default);

/** The process that does the work. */
export const pids = [pid];

/**
 * A run includes opening and closing the connections, for a worker can't keep them between requests.
 *
 * @type {Record<string, import('../workloads/connect-api.mjs').Workload>}
 */
export const workloads = Object.fromEntries(
  Object.keys(connectWorkloads(noConnect)).map((workload) => [
    workload,
    async (addresses) => ({
      run: (amount) => request({ workload, addresses, amount }),
      close: async () => {},
    }),
  ]),
);

/** @param {string} binary */
async function start(binary) {
  const child = spawn(binary, ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  // It writes a line of JSON when a socket listens.
  const control = /** @type {import('node:stream').Readable} */ (child.stdio[3]);
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line);
    if (event === 'listen') return { pid: child.pid ?? 0, port };
  }
  throw new Error('workerd did not start');
}

/** @param {object} task */
async function request(task) {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(task) });
  if (!response.ok) throw new Error(await response.text());
}

/** @returns {never} */
function noConnect() {
  throw new Error('only the names are wanted');
}
