import { once } from 'node:events';
import tls from 'node:tls';

/**
 * A server like any other, with which the client of a hostile one gets into its stride.
 *
 * @param {{ cert: string, key: string }} credentials
 * @returns {Promise<number>} Its port.
 */
export async function friendly({ cert, key }) {
  const server = tls.createServer({ cert, key }, (socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
