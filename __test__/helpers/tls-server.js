// The other end of TLS: servers on OpenSSL, either Node's own or the command line's where Node cannot do it.
//
// They all do the same: greet with a line of JSON, and send back what they receive.

import { spawn, spawnSync } from 'node:child_process';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

import { find } from '../system/helpers/daemon.js';

const openssl = find('openssl', 'openssl');

/** For the option `skip` of the tests that need the command. */
export const withoutOpenssl = openssl.skip || isAnother(openssl.path);

/** LibreSSL has a command of the same name, which cannot do what is done here. */
function isAnother(path) {
  const version = spawnSync(path, ['version'], { encoding: 'utf8' }).stdout.trim();
  return !/^OpenSSL [3-9]/.test(version) && `needs OpenSSL 3, and this is ${version}`;
}

/** The path of a file in `../fixtures/tls`. */
export const fixture = (name) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** What is in such files, one after the other. */
export const pem = (...names) => names.map((name) => readFileSync(fixture(name), 'utf8')).join('');

/** The key of a certificate. */
const keyOf = (certificate) =>
  existsSync(fixture(`${certificate}.key`)) ? `${certificate}.key` : 'p256.key';

/** The first address of `localhost`, to listen on. */
const localhost = async () => (await dns.lookup('localhost')).address;

/**
 * Starts a TLS server of Node. It is closed when the test is over.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ certificate?: string, host?: string } & import('node:tls').TlsOptions} [options] The name of the certificate
 *   in `../fixtures/tls`, and what `tls.createServer` takes.
 * @returns {Promise<{ port: number }>}
 */
export async function serve(t, { certificate = 'p256', host, ...options } = {}) {
  const settings = {
    cert: pem(`${certificate}.pem`),
    key: pem(keyOf(certificate)),
    // It is the client that is to refuse what is weak.
    ciphers: 'DEFAULT@SECLEVEL=0',
    ...options,
  };
  const server = tls.createServer(settings, (socket) => {
    const { servername, authorized } = socket;
    socket.on('error', () => {});
    socket.write(`${JSON.stringify({ protocol: socket.getProtocol(), servername, authorized })}\n`);
    socket.pipe(socket);
  });
  return listen(t, server, host ?? (await localhost()));
}

/**
 * Stands between a client and a server, and hands on what each of them sends byte by byte.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ port: number }} server
 */
export async function trickle(t, { port }) {
  const host = await localhost();
  const proxy = net.createServer({ noDelay: true }, (client) => {
    const onward = net.connect({ host, port, noDelay: true });
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ]) {
      from.on('data', (bytes) => bytes.forEach((_, i) => to.write(bytes.subarray(i, i + 1))));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    }
  });
  return listen(t, proxy, host);
}

async function listen(t, server, host) {
  const connections = new Set();
  server.on('connection', (connection) => connections.add(connection));
  t.after(() => {
    server.close();
    for (const connection of connections) connection.destroy();
  });
  server.listen(0, host);
  await once(server, 'listening');
  return { port: server.address().port };
}

/**
 * Starts `openssl s_server`, for one connection.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ certificate?: string, args?: string[], renegotiate?: boolean }} [options] `renegotiate` makes it ask for that
 *   when it is connected, and greet only afterwards.
 * @returns {Promise<{ port: number }>}
 */
export async function serveWithOpenssl(t, { certificate = 'p256', args = [], renegotiate = false } = {}) {
  const host = await localhost();
  const child = spawn(openssl.path, [
    ...['s_server', '-naccept', '1', '-state', '-accept', host.includes(':') ? `[${host}]:0` : `${host}:0`],
    ...['-cert', fixture(`${certificate}.pem`), '-key', fixture(keyOf(certificate)), ...args],
  ]);
  t.after(() => child.kill('SIGKILL'));
  const say = (line) => child.stdin.write(`${line}\n`);
  child.stdin.on('error', () => {});

  let errors = '';
  let isRenegotiating = false;
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors += `${line}\n`;
    if (isRenegotiating && line.endsWith('write finished')) {
      isRenegotiating = false;
      say('{}');
    }
  });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, port] = /^ACCEPT .*:(\d+)$/.exec(line) ?? [];
      if (port !== undefined) resolve({ port: Number(port) });
      // The last line of what it prints about a new connection.
      if (line.startsWith('Secure Renegotiation')) {
        isRenegotiating = renegotiate;
        say(renegotiate ? 'R' : '{}');
      }
      if (line === 'ping') say('ping');
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`openssl s_server ended:\n${errors}`)));
  });
}
