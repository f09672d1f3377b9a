// The other end, in the process of the test: whatever it does is not counted.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { ca } from '../../helpers/tls-peer.js';
import { pem } from '../../helpers/tls-server.js';
import { echo, flood } from '../../system/helpers/peers.js';
import { BURST } from './workloads.js';

const burst = Buffer.alloc(BURST, 'winter');

/** For the option `skip` of tests in which the kernel has to take a burst at once. */
export const skip = process.platform !== 'linux' && 'other kernels than that of Linux have less room';

/** @satisfies {Record<string, (socket: net.Socket) => unknown>} */
const services = {
  echo,
  flood,

  /** Answers, and ends, when the other one has long been waiting for it. */
  slowEcho(socket) {
    socket.allowHalfOpen = true;
    socket.on('data', (data) => setTimeout(() => socket.write(data), 20));
    socket.on('end', () => setTimeout(() => socket.end(), 20));
  },

  /** Sends a burst for each byte. */
  source(socket) {
    socket.on('data', ({ length }) => {
      for (let i = 0; i < length; i++) socket.write(burst);
    });
  },

  /** Sends a byte for each burst. */
  sink(socket) {
    let missing = BURST;
    socket.on('data', ({ length }) => {
      missing -= length;
      if (missing > 0) return;
      missing += BURST;
      socket.write('.');
    });
  },
};

/**
 * Listens until the test is over.
 *
 * @param {import('node:test').TestContext} t
 * @param {keyof typeof services} service
 * @param {{ secure?: boolean }} [options]
 * @returns {Promise<{ address: string, ca?: string }>} What a client needs.
 */
export async function listen(t, service, { secure = false } = {}) {
  const sockets = new Set();
  const serve = (socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    services[service](socket);
  };
  const server = secure
    ? tls.createServer({ cert: pem('p256.pem'), key: pem('p256.key') }, serve)
    : net.createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = `127.0.0.1:${server.address().port}`;
  return secure ? { address, ca } : { address };
}
