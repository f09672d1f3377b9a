// One connection to a server of tls-server.js, from its beginning to its end, and the same with `node:tls`.

import net from 'node:net';
import tls from 'node:tls';

import { SocketError, TLSSocket } from '../../index.js';

/**
 * How it turned out: `'ok'`, or the code of the error. And what was agreed on, as far as the server tells.
 *
 * @typedef {{ code: string, protocol?: string, servername?: string | false, authorized?: boolean, alpn?: string | null }} Result
 */

/**
 * @param {{ hostname: string, port: number }} address
 * @param {object} options Those of `TLSSocket`.
 * @returns {Promise<Result>}
 */
export async function attempt(address, options) {
  try {
    const socket = new TLSSocket(options).connect(address);
    const reader = socket.readable.getReader();
    const writer = socket.writable.getWriter();
    try {
      const { alpn } = await socket.opened;
      const conversation = await converse(reader, (text) => writer.write(text));
      return { code: 'ok', ...conversation, alpn };
    } finally {
      await socket.close().catch(() => {});
    }
  } catch (error) {
    return { code: error instanceof SocketError ? error.code : String(error) };
  }
}

/**
 * @param {{ hostname: string, port: number }} address
 * @param {object} options Those of `TLSSocket`, of which only the names differ.
 * @returns {Promise<Result>}
 */
export async function attemptWithNode({ hostname: host, port }, options) {
  const { expectedServerHostname, sni, alpn, ...rest } = options;
  const name = expectedServerHostname ?? rest.servername ?? sni ?? host;
  let socket;
  try {
    socket = tls.connect({
      host,
      port,
      ALPNProtocols: alpn,
      ...rest,
      servername: net.isIP(name) ? undefined : name,
    });
    const iterator = socket[Symbol.asyncIterator]();
    const reader = { read: () => iterator.next() };
    const conversation = await converse(reader, (text) => socket.write(text));
    return { code: 'ok', ...conversation, alpn: socket.alpnProtocol || null };
  } catch (error) {
    return { code: error.code ?? String(error) };
  } finally {
    socket?.destroy();
  }
}

/**
 * Reads the greeting first: what is sent to a server that refuses the client makes it reset the connection, and the reset
 * can overtake the reason.
 */
async function converse(reader, write) {
  const greeting = JSON.parse(await readLine(reader));
  await write('ping\n');
  const answer = await readLine(reader);
  if (answer !== 'ping\n') throw new Error(`the answer to a ping is ${JSON.stringify(answer)}`);
  return greeting;
}

async function readLine(reader) {
  let text = '';
  while (!text.endsWith('\n')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server ended after ${JSON.stringify(text)}`);
    text += Buffer.from(value);
  }
  return text;
}
