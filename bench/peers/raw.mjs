/** Raw `node:net` and `node:tls` with callbacks: the baseline. */
import net from 'node:net';
import tls from 'node:tls';
import { callbackWorkloads } from '../workloads/callbacks.mjs';
import { pgWorkloads } from '../workloads/pg.mjs';

export const version = process.version;

// Made once: without it, each connection makes one, which takes longer than the handshake.
const secureContext = tls.createSecureContext();

/** @type {Buffer | undefined} */
let session;

export const workloads = {
  ...callbackWorkloads({
    tcp: ({ hostname, port }) => net.connect({ host: hostname, port, noDelay: true }),
    // `node:tls` takes no `noDelay`.
    tls: ({ hostname, port }) => tls.connect({ host: hostname, port, secureContext }).setNoDelay(),
    resumable: ({ hostname, port }) =>
      tls
        .connect({ host: hostname, port, secureContext, session })
        .setNoDelay()
        .on('session', (latest) => (session = latest)),
    startTls: (socket, { hostname }) => tls.connect({ socket, host: hostname, secureContext }),
  }),
  ...pgWorkloads('Socket'),
};
