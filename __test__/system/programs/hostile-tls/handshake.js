// A server whose handshake never ends, or is larger than any honest one.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { data, tell } from '../parent.js';
import { friendly } from './friendly.js';

const { kind, cert, key, count } = data;

const CHANGE_CIPHER_SPEC = Buffer.from([20, 3, 3, 0, 1, 1]);
const WARNING = Buffer.from([21, 3, 3, 0, 2, 1, 90]);
const EMPTY = Buffer.from([22, 3, 3, 0, 0]);
/** A ServerHello of 16 MiB begins. */
const GIANT = Buffer.from([22, 3, 3, 0, 4, 2, 255, 255, 255]);
const FILLING = Buffer.concat([Buffer.from([22, 3, 3, 64, 0]), Buffer.alloc(16384)]);

/** The beginning, and what follows without an end. */
const floods = {
  'a giant message': [GIANT, FILLING],
  'changes of cipher': [Buffer.alloc(0), CHANGE_CIPHER_SPEC],
  warnings: [Buffer.alloc(0), WARNING],
  'empty records': [Buffer.alloc(0), EMPTY],
};

const server =
  kind in floods
    ? net.createServer((raw) => flood(raw, ...floods[kind]))
    : // A chain of so many certificates.
      tls
        .createServer({ cert: cert + Array(count).fill(cert).join(''), key }, (socket) => greet(socket))
        .on('tlsClientError', () => {});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.once('disconnect', () => process.exit());
await tell({ port: server.address().port, friendly: await friendly(data) });

/** Ends when the client has said something: Node's servers lose an end that comes with the session tickets. */
function greet(socket) {
  socket.on('error', () => {}).write('begin');
  socket.once('data', () => socket.end());
}

async function flood(raw, begin, record) {
  raw.on('error', () => {}).resume();
  await once(raw, 'data');
  raw.write(begin);
  const batch = Buffer.concat(Array(Math.ceil(65536 / record.length)).fill(record));
  while (!raw.destroyed) {
    if (!raw.write(batch)) await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
    else await new Promise(setImmediate);
  }
}
