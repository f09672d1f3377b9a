// The peers of the tour: nothing but `node:net`, `node:tls` and `node:http`, on free ports of the loopback interface.

import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer } from 'node:tls';

import { identity } from './certificates.mjs';
import { takeMail } from './mail.mjs';

/**
 * Where the servers of the tour listen.
 *
 * @typedef {object} Addresses
 * @property {string} lines Says each line back in capitals; at the end of what it is sent, how many there were.
 * @property {string} frames Sends three messages, each behind its length in four bytes.
 * @property {string} http
 * @property {string} secured Like `lines`, with TLS.
 * @property {string} mail SMTP with STARTTLS.
 * @property {string} nobody Where nobody listens.
 */

/** Emits `line` for each line that the line server gets. */
export const heard = new EventEmitter();

export async function startServers() {
  const servers = {
    lines: createServer({ allowHalfOpen: true }, speakUp),
    frames: createServer(sendFrames),
    http: createHttpServer(reportWeather),
    secured: createTlsServer({ ...identity, ALPNProtocols: ['lines'] }, speakUp),
    mail: createServer(takeMail),
    nobody: createServer(),
  };
  const entries = await Promise.all(
    Object.entries(servers).map(async ([name, server]) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      return [name, `127.0.0.1:${port}`];
    }),
  );
  servers.nobody.close();
  return {
    addresses: /** @type {Addresses} */ (Object.fromEntries(entries)),
    stop() {
      for (const server of Object.values(servers)) server.close();
    },
  };
}

/** @param {import('node:net').Socket} client */
async function speakUp(client) {
  // A client may be gone before it is answered.
  client.on('error', () => {});
  let count = 0;
  for await (const line of createInterface({ input: client })) {
    count += 1;
    heard.emit('line', line);
    client.write(`${line.toUpperCase()}\n`);
  }
  client.end(`${count} lines, goodbye\n`);
}

/** @param {import('node:net').Socket} client */
function sendFrames(client) {
  for (const text of ['snow', 'ice', 'a blizzard '.repeat(10_000)]) {
    const body = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    client.write(length);
    client.write(body);
  }
  client.end();
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function reportWeather(request, response) {
  if (request.url !== '/weather') response.statusCode = 404;
  response.setHeader('content-type', 'text/plain');
  response.end('Snow, -4 °C\n');
}
