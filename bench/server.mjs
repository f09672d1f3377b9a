/** Builds the crate, and starts the server that is in it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startProcess } from './process.mjs';

const CRATE = fileURLToPath(new URL('server/', import.meta.url));
const TARGET = fileURLToPath(new URL('server/target/', import.meta.url));

/** The client's binary, which is built along: the peer in Rust. */
export const CLIENT = binary('winter-sockets-bench-client');

/**
 * @typedef {Awaited<ReturnType<typeof startServer>>} Server
 *
 * @typedef {object} Window
 * @property {number} connections
 * @property {number} bytes
 * @property {number} seconds from the first byte to the last
 * @property {number} lifeSeconds from the first connection, before its handshake, to the last byte
 */

export function buildCrate() {
  execFileSync('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', TARGET], {
    cwd: CRATE,
    stdio: 'inherit',
  });
}

export async function startServer() {
  const server = startProcess([binary('winter-sockets-bench-server')]);
  const ports = await server.answer();

  return {
    pid: server.pid,
    /** By transport and service. */
    addresses: /** @type {import('./workloads/connect-api.mjs').Addresses} */ (
      mapValues(ports, (services) => mapValues(services, loopback))
    ),

    /**
     * The server's own figures for the connections that ended last.
     *
     * @param {number} connections
     * @returns {Promise<Window | undefined>}
     */
    window: (connections) => server.answer(`window ${connections}`),

    /** It ends with its standard input; so it does when this process is killed. */
    stop: () => server.stop(),
  };
}

/** @param {string} name */
function binary(name) {
  return `${TARGET}release/${name}${process.platform === 'win32' ? '.exe' : ''}`;
}

/**
 * @param {object} object
 * @param {(value: any) => unknown} map
 */
function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

/** @param {number} port */
function loopback(port) {
  return { hostname: '127.0.0.1', port };
}
