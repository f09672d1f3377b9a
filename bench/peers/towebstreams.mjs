/** `Duplex.toWeb` over `node:net` and `node:tls`: what Node offers out of the box. */
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { connectWorkloads } from '../workloads/connect-api.mjs';

export const version = process.version;

export const workloads = connectWorkloads(connect);

const secureContext = tls.createSecureContext();

/**
 * @type {import('../workloads/connect-api.mjs').Connect}
 */
function connect({ hostname, port }, options) {
  const host = hostname;
  if (options?.secureTransport === 'on') {
    return onTheWeb(tls.connect({ host, port, secureContext }).setNoDelay(), 'secureConnect');
  }
  const socket = net.connect({ host, port, noDelay: true });
  const startTls = () => onTheWeb(tls.connect({ socket, host, secureContext }), 'secureConnect');
  return { ...onTheWeb(socket, 'connect'), startTls };
}

/**
 * @param {net.Socket} socket
 * @param {string} openedEvent
 */
function onTheWeb(socket, openedEvent) {
  const { readable, writable } = Duplex.toWeb(socket);
  const closed = once(socket, 'close');
  return {
    readable: /** @type {ReadableStream<Uint8Array>} */ (readable),
    writable,
    opened: once(socket, openedEvent),
    closed,
    close() {
      // Sends what was written, then closes without waiting for the other side, as `connect()` does.
      socket.destroySoon();
      return closed;
    },
  };
}
