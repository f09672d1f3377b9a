// A port that refuses connections, for as long as a test needs it.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

/** Somebody else may take the port that was free a moment ago. */
const MOST_ATTEMPTS = 5;

/**
 * A loopback port that refuses connections until the test is over. It is the local port of a connection: nobody listens on
 * it, and nobody can. One that was only found to be free is anybody's, as soon as another test wants a port.
 *
 * @param {{ after: (fn: () => void) => void }} t The test, or whatever else ends.
 */
export async function refusedPort(t, host = '127.0.0.1') {
  // Half of the connection is enough, and the other half would be one that leads to the port.
  const server = net.createServer((accepted) => accepted.destroy());
  t.after(() => server.close());
  const { port } = await listening(server, host);
  for (let attempt = 1; ; attempt++) {
    const localPort = await freePort(host);
    // By its number: those that the kernel gives to connections serve several of them at once, and such a one could
    // even be connected to itself.
    const holder = net.connect({ host, port, localAddress: host, localPort, allowHalfOpen: true });
    t.after(() => holder.destroy());
    try {
      await once(holder, 'connect');
      return localPort;
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/**
 * A port on which nobody listens right now, below those that systems give to whoever wants any: for somebody who needs a
 * while until it listens, and could find it taken.
 */
export async function freePort(host = '127.0.0.1') {
  for (;;) {
    const server = net.createServer();
    try {
      const { port } = await listening(server, host, randomInt(10_000, 32_000));
      server.close();
      await once(server, 'close');
      return port;
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
}

/** @returns {Promise<net.AddressInfo>} */
async function listening(server, host, port = 0) {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address();
}
