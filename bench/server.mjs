/** Builds and starts the Rust server. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startProcess } from './process.mjs';

const CRATE = fileURLToPath(new URL('server/', import.meta.url));
const TARGET = fileURLToPath(new URL('server/target/', import.meta.url));
const BINARY = `${TARGET}release/winter-sockets-bench-server${process.platform === 'win32' ? '.exe' : ''}`;

/**
 * @typedef {Awaited<ReturnType<typeof startServer>>} Server
 * @typedef {{ connections: number, bytes: number, seconds: number }} Window
 */

export function buildServer() {
  execFileSync('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', TARGET], {
    cwd: CRATE,
    stdio: 'inherit',
  });
}

export async function startServer() {
  const server = startProcess([BINARY]);
  const { tcp } = await server.answer();

  return {
    pid: server.pid,
    addresses: { echo: loopback(tcp.echo), source: loopback(tcp.source), sink: loopback(tcp.sink) },

    /**
     * The server's own figures for the connections that ended last.
     *
     * @param {number} connections
     * @returns {Promise<Window>}
     */
    window: (connections) => server.answer(`window ${connections}`),

    /** It ends with its standard input; so it does when this process is killed. */
    stop: () => server.stop(),
  };
}

/** @param {number} port */
function loopback(port) {
  return { hostname: '127.0.0.1', port };
}
