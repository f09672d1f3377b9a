// The other end of the sockets: listeners in `node:net`, on free loopback ports.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

const CHUNK = Buffer.alloc(65536, 'winter');

/**
 * Listens until the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {(socket: import('node:net').Socket) => void} serve
 * @param {import('node:net').ServerOpts & { host?: string }} [options]
 */
export async function listen(t, serve, { host = '127.0.0.1', ...options } = {}) {
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set();
  const peer = {
    port: 0,
    /** How many connections there were. */
    accepted: 0,
    /** Those that have not ended yet. */
    open,
    /** Waits until all connections have ended. */
    async allEnded() {
      while (open.size > 0) await Promise.all(Array.from(open, (socket) => once(socket, 'close')));
    },
  };
  const server = createServer(options, (socket) => {
    peer.accepted++;
    open.add(socket);
    // What clients that are terminated leave behind.
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    serve(socket);
  });
  server.listen({ port: 0, host, backlog: 4096 });
  await once(server, 'listening');
  peer.port = server.address().port;
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return peer;
}

/** Sends back what it receives. */
export function echo(socket) {
  socket.setNoDelay(true);
  socket.pipe(socket);
}

/** Sends without an end, and takes whatever it is sent. */
export function flood(socket) {
  socket.resume();
  // A turn of the event loop between two writes: `drain` alone comes at once, and other sockets never would.
  const send = () => {
    if (socket.destroyed) return;
    if (socket.write(CHUNK)) setImmediate(send);
    else socket.once('drain', () => setImmediate(send));
  };
  send();
}

/**
 * A listener that accepts nothing, with a full backlog, so that a connection to it stays pending.
 *
 * @param {import('node:test').TestContext} t
 */
export async function listenWithFullBacklog(t) {
  // It is blocked in a thread of its own.
  const worker = new Worker(
    `const { createServer } = require('node:net');
     const { parentPort } = require('node:worker_threads');
     const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  const [port] = await once(worker, 'message');
  // A backlog of 1 takes two connections on Linux; the third one waits.
  const fillers = Array.from({ length: 3 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  t.after(async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  });
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  return { port };
}
