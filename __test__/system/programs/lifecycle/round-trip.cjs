// One connection that sends a word and has it back. As a program: with this package; elsewhere: with the `connect()` given.

const { once } = require('node:events');
const net = require('node:net');

if (require.main === module) roundTrip(require('../../../../index.js').connect).then(console.log);

/** @returns {Promise<string>} The word. */
async function roundTrip(connect, port) {
  const server = port === undefined ? await echoServer() : undefined;
  const socket = connect({ hostname: '127.0.0.1', port: port ?? server.address().port });
  const word = await converse(socket);
  server?.close();
  return word;
}

async function converse(socket) {
  await socket.writable.getWriter().write('works');
  const { value } = await socket.readable.getReader().read();
  await socket.close();
  return Buffer.from(value).toString();
}

async function echoServer() {
  const server = net.createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

module.exports = { roundTrip, converse, echoServer };
