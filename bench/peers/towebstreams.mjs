/** `Duplex.toWeb` over `node:net`: what Node offers out of the box. */
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { connectWorkloads } from '../workloads/connect-api.mjs';

export const version = process.version;

export const workloads = connectWorkloads(connect);

/**
 * @type {import('../workloads/connect-api.mjs').Connect}
 */
function connect({ hostname, port }) {
  const socket = net.connect({ host: hostname, port, noDelay: true });
  const { readable, writable } = Duplex.toWeb(socket);
  const closed = once(socket, 'close');
  return {
    readable: /** @type {ReadableStream<Uint8Array>} */ (readable),
    writable,
    opened: once(socket, 'connect'),
    closed,
    close() {
      // Sends what was written, then closes without waiting for the other side, as `connect()` does.
      socket.destroySoon();
      return closed;
    },
  };
}
