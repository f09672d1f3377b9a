// What makes it certain that a driver uses our sockets.

import net from 'node:net';

/**
 * From now on `node:net` connects to nothing in this process, and neither does anything else in Node, since all of it goes
 * through here. Whoever gets an answer from a server has it from our sockets.
 */
export function forbidNodeSockets() {
  net.Socket.prototype.connect = () => {
    throw new Error('node:net was asked to connect');
  };
}
